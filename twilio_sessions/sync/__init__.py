"""The client for code without an event loop: `Client`, its resources, and the iterators over listings.

Generated from the async classes, over the one async implementation in a thread of its own. Context variables
of the caller are visible to its calls; what a call changes in them does not come back.
"""

from __future__ import annotations

from twilio_sessions.sync import _generated
from twilio_sessions.sync._generated import *  # noqa: F403 - whatever the generator finds is public
from twilio_sessions.sync._pager import Pager
from twilio_sessions.sync._runtime import BlockingCallWarning

__all__ = ["BlockingCallWarning", "Pager"]
__all__ += _generated.__all__
