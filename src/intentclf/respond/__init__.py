"""What we do: accept, confirm or ask, and why."""

from intentclf.respond.decision import choose_code, choose_reason, decide, judge_severity, judge_vagueness

__all__ = ["choose_code", "choose_reason", "decide", "judge_severity", "judge_vagueness"]
