"""Texts of a review as clients show them."""

from agent_protocol.rollout.event import (
    BaseBranchTarget,
    CommitTarget,
    CustomTarget,
    ReviewFinding,
    ReviewOutput,
    ReviewTarget,
    UncommittedChangesTarget,
)

NOTHING_FOUND = "The review produced no remarks."
"""Stands for a review without explanation and findings, and for one that was interrupted."""


def review_hint(target: ReviewTarget) -> str:
    """Return a short name of what is reviewed."""
    match target:
        case UncommittedChangesTarget():
            return "current changes"
        case BaseBranchTarget(branch=branch):
            return f"changes against '{branch}'"
        case CommitTarget(sha=sha, title=title):
            return f"commit {sha[:7]}: {title}" if title else f"commit {sha[:7]}"
        case CustomTarget(instructions=instructions):
            return instructions.strip()


def review_text(output: ReviewOutput | None) -> str:
    """Return a review as text: the explanation, then each finding with its place."""
    if output is None:
        return NOTHING_FOUND
    blocks = [text] if (text := output.overall_explanation.strip()) else []
    if output.findings:
        header = "Review comment:" if len(output.findings) == 1 else "Full review comments:"
        blocks.append("\n\n".join([header, *map(_finding, output.findings)]))
    return "\n\n".join(blocks) or NOTHING_FOUND


def _finding(finding: ReviewFinding) -> str:
    place = finding.code_location
    lines = place.line_range
    title = f"- {finding.title} — {place.absolute_file_path}:{lines.start}-{lines.end}"
    return "\n".join([title, *(f"  {line}" for line in finding.body.splitlines())])
