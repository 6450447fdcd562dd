"""A run over time as a small SVG: several charts under each other, one time axis.

In: series of numbers. Out: SVG text that reads well on light and on dark pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT = 720, 64, 96
CHART, GAP, TOP = 84, 34, 40
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #334155 }
.title { font-weight: 600 } .small { font-size: 11px; fill: #64748b }
.grid { stroke: #cbd5e1; stroke-width: 1 } path { fill: none; stroke-width: 1.5 }
.l0 { stroke: #2563eb } .l1 { stroke: #c2410c } .l2 { stroke: #15803d } .l3 { stroke: #7e22ce }
.t0 { fill: #2563eb } .t1 { fill: #c2410c } .t2 { fill: #15803d } .t3 { fill: #7e22ce }
@media (prefers-color-scheme: dark) {
  text { fill: #e2e8f0 } .small { fill: #94a3b8 } .grid { stroke: #475569 }
  .l0 { stroke: #60a5fa } .l1 { stroke: #fb923c } .l2 { stroke: #4ade80 } .l3 { stroke: #c084fc }
  .t0 { fill: #60a5fa } .t1 { fill: #fb923c } .t2 { fill: #4ade80 } .t3 { fill: #c084fc }
}
"""


@dataclass(frozen=True)
class Chart:
    """One chart: a title with its unit, and lines by name, a value for each moment."""

    title: str
    lines: dict[str, list[float]]


def render_charts(title: str, minutes: list[float], charts: list[Chart]) -> str:
    """All charts as one SVG."""
    height = TOP + len(charts) * (CHART + GAP) + 8
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    title = escape(title)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="18">{title}</text>',
    ]
    for number, chart in enumerate(charts):
        parts += _render_chart(chart, minutes, TOP + GAP // 2 + number * (CHART + GAP))
    last = f"{minutes[-1]:.3g} minutes"
    parts.append(f'<text class="small" x="{LEFT}" y="{height - 8}">0</text>')
    parts.append(
        f'<text class="small" x="{WIDTH - RIGHT}" y="{height - 8}" text-anchor="end">{last}</text>'
    )
    return "\n".join([*parts, "</svg>", ""])


def _render_chart(chart: Chart, minutes: list[float], top: int) -> list[str]:
    highest = max((max(values) for values in chart.lines.values()), default=0) or 1
    right, bottom = WIDTH - RIGHT, top + CHART
    parts = [f'<text x="{LEFT}" y="{top - 5}">{escape(chart.title)}</text>']
    for value, y in ((highest, top), (0, bottom)):
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y}" y2="{y}"/>')
        place = f'x="{LEFT - 6}" y="{y + 4}" text-anchor="end"'
        parts.append(f'<text class="small" {place}>{_shown(value)}</text>')
    for number, (name, values) in enumerate(chart.lines.items()):
        points = " L".join(
            f"{LEFT + (right - LEFT) * minute / (minutes[-1] or 1):.1f} "
            f"{bottom - CHART * value / highest:.1f}"
            for minute, value in zip(minutes, values, strict=True)
        )
        parts.append(f'<path class="l{number}" d="M{points}"/>')
        label = f"{name} {_shown(values[-1])}" if len(chart.lines) > 1 else _shown(values[-1])
        y = top + 12 + number * 17
        parts.append(
            f'<text class="small t{number}" x="{right + 6}" y="{y}">{escape(label)}</text>'
        )
    return parts


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
