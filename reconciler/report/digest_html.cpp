// The report as a page. Whatever a user, a live system or a commit wrote is text in it: nothing of
// it becomes a tag, an attribute, a link or a request. The policy in the page's head says the same
// to the browser: one style sheet, which is known by its hash, and nothing else.
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "reconciler/report/cells.hpp"
#include "reconciler/report/page_style.hpp"
#include "reconciler/report/sections.hpp"

namespace homeostat {
namespace {

constexpr std::size_t most_rows = 1000;  // of one section

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string sha256_base64(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned int length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> base64 = {};
  const int written = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(length));
  return {base64.begin(), base64.begin() + written};
}

std::string_view class_of(Tone tone) {
  switch (tone) {
    case Tone::plain:
      return "plain";
    case Tone::quiet:
      return "quiet";
    case Tone::good:
      return "good";
    case Tone::change:
      return "change";
    case Tone::drift:
      return "drift";
    case Tone::bad:
      return "bad";
  }
  return "plain";
}

std::string paragraph_of(std::string_view name, std::string_view text) {
  return text.empty() ? "" : fmt::format("<p class=\"{}\">{}</p>\n", name, escaped(text));
}

std::string value_of(std::string_view value) {
  return value.empty() ? "" : "<code>" + escaped(value) + "</code>";
}

std::string line_html(const Line& line) {
  const Phrase& phrase = line.phrase;
  std::string out = escaped(phrase.head);
  const std::string values = value_of(phrase.left) + escaped(phrase.joint) + value_of(phrase.right);
  if (!out.empty() && !values.empty()) out += " ";
  out += values;
  if (!out.empty()) out = "<p>" + out + "</p>\n";
  if (line.same_cause || line.cause.text.empty()) return out;
  const Tone tone = line.cause.tone == Tone::plain ? Tone::quiet : line.cause.tone;
  return out + paragraph_of("cause " + std::string(class_of(tone)), line.cause.text);
}

std::string row_html(const Row& row) {
  std::string out = "<li>\n<h3>";
  if (!row.symbol.empty()) {
    out += fmt::format("<span class=\"symbol {}\" aria-hidden=\"true\">{}</span> ",
                       class_of(row.tone), escaped(row.symbol));
  }
  out += escaped(row.address) + "</h3>\n<div class=\"what\">\n";
  for (const Line& line : row.lines) out += line_html(line);
  for (const std::string& note : row.notes) out += paragraph_of("note", note);
  out += paragraph_of("held", row.held);
  return out + "</div>\n</li>\n";
}

std::string section_html(const Section& section) {
  std::string out = fmt::format("<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}", section.id,
                                escaped(section.title));
  if (section.count > 0) out += fmt::format(" <span class=\"count\">{}</span>", section.count);
  out += "</h2>\n";
  const std::size_t shown = std::min(section.rows.size(), most_rows);
  out += "<ul class=\"rows\">\n";
  for (std::size_t i = 0; i < shown; ++i) out += row_html(section.rows[i]);
  out += "</ul>\n";
  if (shown < section.rows.size()) {
    out += fmt::format("<p class=\"more\">and {} more: see <code>{}</code></p>\n",
                       section.rows.size() - shown, escaped(section.more));
  }
  return out + "</section>\n";
}

// Sentences, each behind a word of its sort.
std::string list_section(std::string_view id, std::string_view title,
                         const std::vector<Remark>& remarks) {
  if (remarks.empty()) return "";
  std::string out = fmt::format(
      "<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}</h2>\n<ul class=\"remarks\">\n", id,
      title);
  for (const Remark& remark : remarks) {
    out += fmt::format("<li><span class=\"change\">{}</span> {}</li>\n", escaped(remark.kind),
                       escaped(remark.text));
  }
  return out + "</ul>\n</section>\n";
}

std::string stops_section(const Digest& digest) {
  std::vector<Remark> out;
  for (const std::string& stop : digest.stops) out.push_back({"stop", stop});
  return list_section("stops", "Stopped: nothing will be written", out);
}

std::string scopes_html(const Digest& digest) {
  const ScopeWords words = describe_scopes(digest.scopes, digest.made);
  std::string out =
      "<section aria-labelledby=\"scopes\">\n<h2 id=\"scopes\">Looked at</h2>\n"
      "<ul class=\"scopes\">\n";
  for (const std::string& seen : words.seen) out += "<li>" + escaped(seen) + "</li>\n";
  for (const std::string& unknown : words.unknown) {
    out += "<li class=\"unknown\">" + escaped(unknown) + "</li>\n";
  }
  return out + "</ul>\n</section>\n";
}

std::string fact(std::string_view name, std::string_view value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, escaped(value));
}

std::string time_html(Time time, std::string_view words) {
  return fmt::format("<time datetime=\"{}\">{}</time>", utc_time(time), escaped(words));
}

std::string header_html(const Digest& digest) {
  const std::vector<std::string> said = outcome(digest);
  std::string out =
      fmt::format("<header>\n<div class=\"mood {}\">\n<p class=\"title\">{}</p>\n<h1>{}</h1>\n",
                  class_of(mood(digest)), escaped(digest.title), escaped(said.front()));
  for (std::size_t i = 1; i < said.size(); ++i) out += paragraph_of("also", said[i]);
  out += "</div>\n<dl class=\"facts\">\n" + fact("Site", digest.site);
  out += fact("Declared by", digest.revision);
  out += "<div><dt>Made</dt><dd>" + time_html(digest.made, date_words(digest)) + "</dd></div>\n";
  if (!seen_now(digest)) out += fact("Seen", view_words(digest));
  if (!digest.ledger) out += fact("Memory", "no ledger");
  return out + "</dl>\n</header>\n";
}

std::string head_html(const Digest& digest) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<title>{}: {}</title>\n<style>{}</style>\n</head>\n",
      sha256_base64(page_style()), escaped(digest.site), escaped(headline(digest)), page_style());
}

}  // namespace

std::string render_html(const Digest& digest) {
  std::string out = head_html(digest) + "<body>\n" + header_html(digest) + "<main>\n";
  out += scopes_html(digest) + stops_section(digest);
  for (const Section& section : sections_of(digest)) out += section_html(section);
  out += list_section("warnings", "Warnings", remarks_of(digest));
  out += "</main>\n";
  if (!digest.drifts.empty()) {
    out +=
        "<footer><p><code>homeostat plan</code> shows what would be done about it, "
        "<code>homeostat apply</code> does it.</p></footer>\n";
  }
  return out + "</body>\n</html>\n";
}

}  // namespace homeostat
