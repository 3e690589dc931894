// The report for terminals, mails and chats.
#include <fmt/format.h>

#include "reconciler/report/cells.hpp"
#include "reconciler/report/layout.hpp"
#include "reconciler/report/sections.hpp"

namespace homeostat {
namespace {

constexpr std::size_t most_rows = 100;  // of one section

std::string header(const Digest& digest, const TextStyle& style) {
  std::vector<Words> left = {
      {printable(digest.title)}, {"site " + printable(digest.site)}, {digest.revision}};
  if (!digest.ledger) left.push_back({"no ledger", Tone::change});
  std::string out = title_line(std::move(left), date_words(digest), style);
  if (!seen_now(digest)) out += flow({{view_words(digest), Tone::change}}, style);
  return out + lay_out(describe_scopes(digest.scopes, digest.made), style);
}

std::string section_text(Section section, const TextStyle& style) {
  std::string out = section.title + "\n";
  const std::size_t all = section.rows.size();
  section.rows.resize(std::min(all, most_rows));
  out += lay_out(section.rows, style);
  if (all > most_rows) {
    out += fmt::format("  ... and {} more: see `{}`\n", all - most_rows, section.more);
  }
  return out;
}

}  // namespace

std::string render_text(const Digest& digest, const TextStyle& style) {
  std::vector<std::string> parts = {header(digest, style)};
  for (Section& section : sections_of(digest)) {
    parts.push_back(section_text(std::move(section), style));
  }
  std::string remarks;
  for (const Remark& remark : remarks_of(digest)) {
    remarks += paragraph("  " + remark.kind + ": ", remark.text, style.width);
  }
  parts.push_back(remarks);
  parts.push_back(stop_lines(digest.stops, style));
  parts.push_back(paragraph("", fmt::format("{}", fmt::join(outcome(digest), "; ")), style.width));
  return parted(parts);
}

}  // namespace homeostat
