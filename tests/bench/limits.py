"""Figures beside what they may be; what is above is kept for the end."""
over = []


def mark(name, within):
    if within:
        return ""
    over.append(name)
    return "   ABOVE"


def row(name, seconds, memory, ratio, limit, note="", most=float("inf")):
    """`limit` of the ratio, `most` of the memory in MB."""
    shown = mark(name, ratio <= limit and memory <= most)
    beside = "" if most == float("inf") else f", {most:g} MB"
    print(f"{name:<34} {seconds * 1000:8.0f} ms {memory:6.0f} MB   {ratio:5.2f} x  "
          f"(limit {limit:g} x{beside}){shown} {note}")
