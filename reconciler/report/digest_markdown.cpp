#include <fmt/format.h>

#include "reconciler/report/cells.hpp"
#include "reconciler/report/markdown_parts.hpp"
#include "reconciler/report/sections.hpp"

namespace homeostat {
namespace {

std::string view(const Digest& digest) {
  std::string out = "site " + markdown::code(printable(digest.site)) + ", " +
                    markdown::code(digest.revision) + ", " + markdown::code(date_words(digest));
  if (!seen_now(digest)) out += ", " + markdown::code(view_words(digest));
  if (!digest.ledger) out += ", **no ledger**";
  return out + "\n" + markdown::troubles(digest.scopes, digest.connections);
}

}  // namespace

std::string render_markdown(const Digest& digest) {
  std::string out = "### " + markdown::prose(printable(digest.title)) + ": " +
                    markdown::prose(headline(digest)) + "\n\n" + view(digest);
  std::size_t room = markdown::most_bytes - std::min(markdown::most_bytes, out.size());
  std::vector<std::string> stops;
  for (const std::string& stop : digest.stops) stops.push_back(printable(stop));
  if (!stops.empty()) {
    out += "\n**Stopped: nothing will be written**\n" +
           markdown::bullets(stops, "homeostat plan", room);
  }
  for (const Section& section : sections_of(digest)) {
    const markdown::TableWords words = {section.first, section.second, section.third, section.more};
    out += "\n#### " + section.title + "\n" + markdown::table(section.rows, words, room);
  }
  std::vector<std::string> warnings;
  for (const Error& warning : digest.warnings) warnings.push_back(warning_words(warning));
  return out + markdown::details("warnings: " + std::to_string(warnings.size()),
                                 markdown::bullets(warnings, "homeostat plan", room));
}

}  // namespace homeostat
