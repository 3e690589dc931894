#include "specs/yaml_errors.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "specs/text.hpp"

namespace homeostat::yaml {

namespace {

using Msg = std::string_view;
constexpr std::size_t npos = std::string_view::npos;
constexpr std::string_view blanks = " \t\r\n";

char char_at(std::string_view text, std::size_t pos) {
  return pos < text.size() ? text[pos] : '\0';
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0'; }

// `x` in double quotes, as YAML reads it back.
std::string in_quotes(std::string_view x) {
  std::string out = "\"";
  for (const char c : x) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// A value without quotes inside { } or [ ]: from the bracket, comma or colon before `pos` up to
// the one behind it; `${...}` belongs to it.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};
Span flow_value(std::string_view text, std::size_t pos) {
  std::size_t begin = pos;
  while (begin > 0) {
    const char before = text[begin - 1];
    if (before == '{' || before == '[' || before == ',' || before == '\n') break;
    if (is_blank(before) && begin > 1 && text[begin - 2] == ':') break;
    --begin;
  }
  while (begin < pos && is_blank(text[begin])) ++begin;
  std::size_t end = pos;
  int depth = 0;
  for (; end < text.size() && text[end] != '\n'; ++end) {
    const char c = text[end];
    if (c == '{') ++depth;
    if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
    if (depth == 0 && c == ':' && is_blank(char_at(text, end + 1))) break;
    if (c == '}') --depth;
  }
  while (end > begin && is_blank(text[end - 1])) --end;
  return {begin, end};
}

// Inside { } or [ ], an unquoted `${...}` reads as `$` and a mapping; yaml-cpp stops at either.
std::optional<Error> unquoted_template(const Text& text, std::size_t pos) {
  const std::string_view view = text.view();
  const bool here = view.substr(std::min(pos, view.size())).starts_with("${");
  const bool before = pos > 0 && view.substr(pos - 1).starts_with("${");
  std::size_t dollar = here ? pos : pos - 1;
  if (!here && !before) {
    // A text in front of it: `{ http://${...} }` where a key was expected.
    const Span value = flow_value(view, pos);
    dollar = view.substr(0, value.end).find("${", pos);
    if (dollar == npos) return std::nullopt;
  }
  const Span value = flow_value(view, dollar);
  return text.error(
      value.begin, "`${...}` inside { } or [ ] must be quoted",
      fmt::format("write {}", in_quotes(view.substr(value.begin, value.end - value.begin))));
}

// Whether the bracket at `pos` is ever closed; quotes and comments are not looked at.
bool is_closed(std::string_view text, std::size_t pos) {
  int depth = 0;
  for (; pos < text.size(); ++pos) {
    if (text[pos] == '[' || text[pos] == '{') ++depth;
    if ((text[pos] == ']' || text[pos] == '}') && --depth == 0) return true;
  }
  return false;
}

// The first quote from `from` on that begins a text and is never closed.
std::optional<std::size_t> find_open_quote(std::string_view text, std::size_t from) {
  for (std::size_t pos = from; pos < text.size(); ++pos) {
    const char c = text[pos];
    const char before = pos == 0 ? '\n' : text[pos - 1];
    const bool starts = is_blank(before) || before == '[' || before == '{' || before == ',';
    if (c == '#' && is_blank(before)) {
      pos = std::min(text.find('\n', pos), text.size());
    } else if ((c == '"' || c == '\'') && (starts || pos == from)) {
      const std::size_t end = quote_end(text, pos);
      if (end == npos) return pos;
      pos = end - 1;
    }
  }
  return std::nullopt;
}

Error end_in_quotes(const Text& text, std::size_t pos, const Context& context) {
  if (const auto quote = find_open_quote(text.view(), context.last)) {
    return open_quote(text, *quote);
  }
  return text.error(pos, "a quote is not closed", "add the closing quote");
}

// A quoted text that runs over several lines up to `pos` ends, most likely, at the quote that was
// meant to open the next one.
std::optional<Error> runaway_quote(const Text& text, std::size_t pos, const Context& context) {
  const std::size_t quote = skip_properties(text.view(), context.last);
  const char c = char_at(text.view(), quote);
  if (c != '"' && c != '\'') return std::nullopt;
  const std::size_t end = quote_end(text.view(), quote);
  if (end == npos || end > pos || text.line(quote) == text.line(end)) return std::nullopt;
  return open_quote(text, quote);
}

Error flow_error(const Text& text, std::size_t pos, const Context& context) {
  if (std::optional<Error> error = unquoted_template(text, pos)) return *error;
  const std::string_view view = text.view();
  const std::size_t open = view.find_first_of("[{", context.flow_start);
  const bool known = context.in_flow && open != npos && open < pos;
  const bool list = known && view[open] == '[';
  if (std::optional<Error> error = runaway_quote(text, pos, context)) return *error;
  if (known && view.find_first_not_of(blanks, pos) == npos) {
    if (const auto quote = find_open_quote(view, open)) return open_quote(text, *quote);
  }
  if (known && !is_closed(view, open)) {
    return text.error(open, fmt::format("`{}` is never closed", view[open]),
                      fmt::format("add the `{}`", list ? ']' : '}'));
  }
  return text.error(pos, fmt::format("a `,` or `{}` is missing here", list ? ']' : '}'),
                    "separate the values by commas; put texts with `:`, `{` or `[` in quotes");
}

Error second_colon(const Text& text, std::size_t pos, const Context& context) {
  if (std::optional<Error> error = runaway_quote(text, pos, context)) return *error;
  const std::string_view view = text.view();
  const std::size_t start = text.line_start(pos);
  const std::string_view before = view.substr(start, pos - start);
  // `key: a: b`: the value begins behind the first colon.
  for (std::size_t i = 0; i + 1 < before.size(); ++i) {
    if (before[i] != ':' || !is_blank(before[i + 1])) continue;
    const std::size_t value = view.find_first_not_of(blanks, start + i + 1);
    return text.error(pos, "`: ` inside a value must be quoted",
                      fmt::format("write {}", in_quotes(text.rest_of_line(value))));
  }
  const std::size_t word = std::min(view.find_first_not_of(" \t", start), pos);
  return text.error(word, "a key cannot start here: the line above is a value already",
                    "align it with the key above, or end that one with `:`");
}

// Whether the nearest line above that is not indented further is a list item in the same column.
bool is_beside_list(const Text& text, std::size_t start, std::size_t column) {
  while (start > 0) {
    start = text.line_start(start - 1);
    const std::string_view line = text.rest_of_line(start);
    const std::size_t indent = line.find_first_not_of(' ');
    if (indent == npos || line[indent] == '#' || indent > column) continue;
    return indent == column && line[indent] == '-';
  }
  return false;
}

Error misplaced(const Text& text, std::size_t pos, const Context& context) {
  if (std::optional<Error> error = runaway_quote(text, pos, context)) return *error;
  const std::string_view view = text.view();
  const std::size_t start = text.line_start(pos);
  const std::size_t first = view.find_first_not_of(' ', start);
  if (first < pos) {
    return text.error(pos, "the value has ended, this text is too much",
                      "put the whole value in quotes");
  }
  const bool dash = char_at(view, pos) == '-' && is_blank(char_at(view, pos + 1));
  if (static_cast<int>(pos - start) == context.column) {
    if (dash) {
      return text.error(pos, "a list item stands between the keys of a mapping",
                        "indent it below its key");
    }
    return missing_colon(text, pos);
  }
  if (!dash && is_beside_list(text, start, pos - start)) {
    return text.error(pos, "this is no list item, and stands where one belongs",
                      "write `- ` in front, or change the indentation");
  }
  return text.error(pos, "the indentation fits no line above",
                    "align it with the lines that it belongs to");
}

Error unknown_anchor(const Text& text, std::size_t pos, const Context& context) {
  // Of `* * 1 * *` yaml-cpp may be at any of the stars.
  const Span value = flow_value(text.view(), pos);
  if (context.in_flow && char_at(text.view(), value.begin) == '*') pos = value.begin;
  const std::string word = first_word(text.view(), pos);
  const auto second = static_cast<unsigned char>(char_at(word, 1));
  if (std::isalnum(second) == 0) {
    const std::string_view rest = text.rest_of_line(pos);
    const std::string_view whole =
        context.in_flow ? rest.substr(0, value.end - pos) : trim(rest.substr(0, rest.find(" #")));
    return text.error(pos, "a value that starts with `*` must be quoted",
                      fmt::format("write {}", in_quotes(whole)));
  }
  return text.error(pos,
                    fmt::format("no anchor `&{}` stands above in this document", word.substr(1)),
                    fmt::format("mark a value with `&{}`, or write {} if it is text",
                                word.substr(1), in_quotes(word)));
}

Error closes_nothing(const Text& text, std::size_t pos, const Context& context) {
  const std::string_view view = text.view();
  // The scanner has passed the bracket already.
  if (pos > 0 && std::string_view("]}").find(char_at(view, pos)) == npos) --pos;
  const std::size_t open = view.find_first_of("[{", context.flow_start);
  if (context.in_flow && open < pos) {
    return text.error(pos,
                      fmt::format("`{}` does not close the `{}` of line {}", char_at(view, pos),
                                  view[open], text.line(open)),
                      "check the brackets");
  }
  return text.error(pos, fmt::format("`{}` closes nothing", char_at(view, pos)),
                    "remove it, or put the text in quotes");
}

bool says(const YAML::Exception& exception, Msg message) {
  return std::string_view(exception.msg).starts_with(message);
}

}  // namespace

Error explain(const Text& text, const YAML::Exception& exception, const Context& context) {
  namespace say = YAML::ErrorMsg;
  const std::string_view view = text.view();
  const std::size_t pos =
      std::min(static_cast<std::size_t>(std::max(exception.mark.pos, 0)), view.size());
  if (!context.in_flow || says(exception, say::TAB_IN_INDENTATION)) {
    if (std::optional<Error> error = tab_in_indentation(text, pos)) return *error;
  }
  if (says(exception, say::END_OF_MAP_FLOW) || says(exception, say::END_OF_SEQ_FLOW)) {
    return flow_error(text, pos, context);
  }
  if (says(exception, say::END_OF_MAP) || says(exception, say::END_OF_SEQ)) {
    return misplaced(text, pos, context);
  }
  if (says(exception, say::EOF_IN_SCALAR) || says(exception, say::DOC_IN_SCALAR)) {
    return end_in_quotes(text, pos, context);
  }
  if (says(exception, say::MAP_VALUE)) return second_colon(text, pos, context);
  if (says(exception, say::UNKNOWN_TOKEN)) return odd_character(text, pos);
  if (says(exception, say::UNKNOWN_ANCHOR)) return unknown_anchor(text, pos, context);
  if (says(exception, say::FLOW_END)) return closes_nothing(text, pos, context);
  if (says(exception, say::ALIAS_NOT_FOUND) || says(exception, say::CHAR_IN_ALIAS)) {
    const std::size_t star = view.rfind('*', pos);
    return unknown_anchor(text, star == npos ? pos : star, context);
  }
  if (says(exception, say::BLOCK_ENTRY)) {
    return text.error(pos, "a list cannot start behind a key, on the same line",
                      "put `- ...` on the next line, or write [a, b]");
  }
  if (says(exception, say::INVALID_ESCAPE)) {
    const std::size_t slash = view.rfind('\\', pos);
    return text.error(slash == npos ? pos : slash, "unknown `\\` escape in double quotes",
                      "write `\\\\` for a backslash, or use single quotes");
  }
  if (says(exception, say::CHAR_IN_BLOCK)) {
    return text.error(pos, "text behind `|` or `>`", "begin the text on the next line");
  }
  return text.error(pos, exception.msg, "this is not YAML; check the line and the one above");
}

std::optional<Error> tab_in_indentation(const Text& text, std::size_t pos) {
  const std::string_view view = text.view();
  for (std::size_t i = text.line_start(pos); i <= pos && i < view.size(); ++i) {
    if (view[i] == '\t') return text.error(i, "tab used as indentation", "write spaces");
    // `-\tkey: value`: what the tab moves is the inner mapping.
    if (view[i] != ' ' && view[i] != '-' && view[i] != '?') return std::nullopt;
  }
  return std::nullopt;
}

Error missing_colon(const Text& text, std::size_t key) {
  const std::string_view word = text.rest_of_line(key);
  return text.error(key, fmt::format("`{}` has no `:`", word),
                    fmt::format("write `{}: value`", word));
}

Error odd_character(const Text& text, std::size_t pos) {
  const std::string_view rest = text.rest_of_line(pos);
  if (rest.empty()) return text.error(pos, "a value is missing here");
  return text.error(pos, fmt::format("a value cannot start with `{}`", rest.substr(0, 1)),
                    fmt::format("write {}", in_quotes(rest)));
}

Error open_quote(const Text& text, std::size_t quote) {
  const char c = text.view()[quote];
  return text.error(quote, fmt::format("the quote {} is never closed", c),
                    fmt::format("add the closing {}", c));
}

Error unknown_tag(const Text& text, std::size_t pos, std::string_view tag) {
  constexpr std::string_view standard = "tag:yaml.org,2002:";
  const std::string shown = tag.starts_with(standard)
                                ? "!!" + std::string(tag.substr(standard.size()))
                                : std::string(tag);
  constexpr std::size_t tolerated = 3;  // letters more or less
  const std::string_view known = "!default";
  const std::size_t longer = std::max(shown.size(), known.size());
  const bool near =
      shown.starts_with("!d") && longer - std::min(shown.size(), known.size()) <= tolerated;
  if (near)
    return text.error(pos, fmt::format("unknown tag `{}`", shown), "did you mean `!default`?");
  return text.error(pos, fmt::format("unknown tag `{}`", shown),
                    "only `!default` is known; put a text that starts with `!` in quotes");
}

Error too_deep(const Text& text, std::size_t pos, std::size_t max_depth) {
  return text.error(pos, fmt::format("nested more than {} levels deep", max_depth),
                    "is a bracket or an indentation wrong?");
}

std::size_t skip_properties(std::string_view text, std::size_t pos) {
  while (char_at(text, pos) == '!' || char_at(text, pos) == '&') {
    pos = std::min(text.find_first_of(blanks, pos), text.size());
    pos = std::min(text.find_first_not_of(blanks, pos), text.size());
  }
  return pos;
}

std::size_t quote_end(std::string_view text, std::size_t pos) {
  const char quote = char_at(text, pos);
  if (quote != '"' && quote != '\'') return pos;
  for (std::size_t i = pos + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || char_at(text, i + 1) != quote) return i + 1;
      ++i;
    }
  }
  return npos;
}

std::string first_word(std::string_view text, std::size_t pos) {
  const std::string_view rest = text.substr(std::min(pos, text.size()));
  return std::string(rest.substr(0, rest.find_first_of(" \t\r\n,[]{}")));
}

bool starts_document(const Text& text, std::size_t pos) {
  const std::string_view view = text.view();
  std::size_t start = text.line_start(pos);
  if (start == pos && view.substr(pos).starts_with("---")) return true;
  while (start > 0) {
    start = text.line_start(start - 1);
    const std::string_view line = text.rest_of_line(start);
    if (line.starts_with("...") || line.starts_with("---")) return true;
    if (!line.empty() && line[0] != '#' && line[0] != '%') return false;
  }
  return false;
}

}  // namespace homeostat::yaml
