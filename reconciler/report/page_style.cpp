#include "reconciler/report/page_style.hpp"

namespace homeostat {

namespace {

// All colours of words keep a contrast of 4.5 to 1 with what is below them; tests/page measures it.
// Long names break anywhere, so that nothing is wider than the screen.
constexpr std::string_view style = R"css(
:root {
  color-scheme: light dark;
  --paper: #f7f6f3; --card: #fff; --ink: #22262b; --quiet: #5a6169; --line: #e2dfd8;
  --good: #17663a; --drift: #83379b; --change: #7a5200; --bad: #a8231c; --value: #f0eee9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --card: #1c2024; --ink: #e4e3de; --quiet: #a2a9b1; --line: #30353b;
    --good: #7fd09c; --drift: #d9a6e9; --change: #e2ba6c; --bad: #ff9d93; --value: #282d33;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 58rem; padding: clamp(1.25rem, 5vw, 3.5rem) clamp(1rem, 4vw, 2.5rem);
  background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans",
    sans-serif;
  overflow-wrap: anywhere;
}
h1, h2, h3, p, ul, dl, dd { margin: 0; padding: 0; }
ul { list-style: none; }
code, h3 {
  font-family: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono",
    monospace;
}
code { font-size: .9em; background: var(--value); border-radius: .25rem; padding: .08em .3em; }
.title { color: var(--quiet); font-size: .9rem; }
h1 { font-size: clamp(1.35rem, 1.1rem + 1.6vw, 1.9rem); line-height: 1.25; font-weight: 650;
  letter-spacing: -.01em; margin: .35rem 0 .25rem; text-wrap: balance; }
h1::first-letter { text-transform: uppercase; }
.mood { border-left: .3rem solid var(--good); padding-left: 1rem; }
.mood.drift { border-color: var(--drift); }
.mood.bad { border-color: var(--bad); }
.also { color: var(--quiet); }
.facts { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin-top: 1.5rem; font-size: .9rem; }
.facts dt { color: var(--quiet); font-size: .8rem; }
section { margin-top: 2.25rem; }
h2 { font-size: 1.05rem; font-weight: 650; margin-bottom: .6rem; }
.count { color: var(--quiet); font-weight: 400; }
.scopes { display: flex; flex-wrap: wrap; gap: .4rem .5rem; font-size: .9rem; }
.scopes li { border: 1px solid var(--line); border-radius: 1rem; background: var(--card);
  padding: .1rem .75rem; }
.scopes .unknown { border-color: var(--bad); border-radius: .5rem; color: var(--bad); }
.rows { border: 1px solid var(--line); border-radius: .6rem; background: var(--card); }
.rows > li { display: grid; gap: .15rem 1.5rem; padding: .75rem 1rem; }
.rows > li + li { border-top: 1px solid var(--line); }
.rows > li > * { min-width: 0; }
h3 { font-size: .9rem; font-weight: 600; line-height: 1.7; }
.what p + p { margin-top: .2rem; }
.cause, .note, .held, .more { color: var(--quiet); font-size: .875rem; }
.held { color: var(--bad); }
.symbol { font-weight: 700; }
.good { color: var(--good); } .drift { color: var(--drift); } .change { color: var(--change); }
.bad { color: var(--bad); } .quiet { color: var(--quiet); } .mood { color: var(--ink); }
.more { padding: .6rem 1rem; }
.remarks li { padding: .5rem 0; border-top: 1px solid var(--line); font-size: .925rem; }
.remarks li:first-child { border-top: 0; padding-top: 0; }
footer { margin-top: 2.5rem; padding-top: 1rem; border-top: 1px solid var(--line);
  color: var(--quiet); font-size: .85rem; }
@media (min-width: 44rem) {
  .rows > li { grid-template-columns: minmax(0, 17rem) minmax(0, 1fr); }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --card: #fff; --ink: #000; --quiet: #444; --line: #bbb;
    --good: #0d4d2a; --drift: #5f1f76; --change: #5a3c00; --bad: #8a1510; --value: #fff;
  }
  @page { margin: 16mm; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  code { padding: 0; font-weight: 600; }
  section { margin-top: 1.4rem; }
  .rows { border-radius: 0; border-width: 1px 0; }
  .rows > li { padding: .5rem 0; grid-template-columns: minmax(0, 15rem) minmax(0, 1fr);
    break-inside: avoid; }
  h2 { break-after: avoid; }
}
)css";

}  // namespace

std::string_view page_style() { return style; }

}  // namespace homeostat
