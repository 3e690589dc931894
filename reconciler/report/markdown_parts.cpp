#include "reconciler/report/markdown_parts.hpp"

#include <fmt/format.h>

#include <cctype>

#include "reconciler/report/cells.hpp"

namespace homeostat::markdown {
namespace {

constexpr std::size_t most_columns = 120;  // of one value

std::string entities(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x80 || std::isalnum(byte) != 0 || c == ' ';
    out += plain ? std::string(1, c) : fmt::format("&#{};", static_cast<int>(byte));
  }
  return out;
}

std::string short_phrase(const Phrase& phrase) {
  Phrase cut = phrase;
  std::tie(cut.left, cut.right) = cut_pair(phrase.left, phrase.right, most_columns);
  return to_string(cut);
}

std::string table_row(const Row& row) {
  std::string changes;
  std::string causes;
  const auto add = [](std::string& cell, const std::string& text) {
    if (!text.empty()) cell += (cell.empty() ? "" : "<br>") + code(text);
  };
  for (const Line& line : row.lines) {
    add(changes, short_phrase(line.phrase));
    if (!line.same_cause) add(causes, line.cause.text);
  }
  for (const std::string& note : row.notes) add(changes, note);
  add(changes, row.held);
  return fmt::format("| {} | {} | {} | {} |\n", code(row.symbol), code(row.address), changes,
                     causes);
}

}  // namespace

// Backticks where nothing in the text can end them or the cell; else HTML, which needs no fence.
std::string code(std::string_view text) {
  if (text.empty()) return "";
  const bool simple = text.find_first_of("`|\\<") == std::string_view::npos &&
                      text.front() != ' ' && text.back() != ' ';
  return simple ? fmt::format("`{}`", text) : "<code>" + entities(text) + "</code>";
}

std::string prose(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = std::string_view(" ,:;()%").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : entities(std::string_view(&c, 1));
  }
  return out;
}

std::string table(const std::vector<Row>& rows, const TableWords& words, std::size_t& room) {
  if (rows.empty()) return "";
  std::string out = fmt::format("\n| | {} | {} | {} |\n|---|---|---|---|\n", words.first,
                                words.second, words.third);
  std::size_t left_out = 0;
  for (const Row& row : rows) {
    const std::string text = table_row(row);
    if (left_out > 0 || out.size() + text.size() > room) {
      ++left_out;
    } else {
      out += text;
    }
  }
  room -= std::min(room, out.size());
  if (left_out > 0) out += fmt::format("\n... and {} more: see `{}`\n", left_out, words.more);
  return out;
}

std::string bullets(const std::vector<std::string>& texts, std::string_view more,
                    std::size_t& room) {
  std::string out;
  std::size_t left_out = 0;
  for (const std::string& text : texts) {
    const std::string line = "- " + code(text) + "\n";
    if (left_out > 0 || out.size() + line.size() > room) {
      ++left_out;
    } else {
      out += line;
    }
  }
  room -= std::min(room, out.size());
  if (left_out > 0) out += fmt::format("- ... and {} more: see `{}`\n", left_out, more);
  return out.empty() ? out : "\n" + out;
}

std::string details(const std::string& title, const std::string& body) {
  if (body.empty()) return "";
  return "\n<details><summary>" + title + "</summary>\n" + body + "\n</details>\n";
}

std::string troubles(const std::vector<ScopeSummary>& scopes,
                     const std::vector<BlockedConnection>& connections) {
  std::string out;
  for (const ScopeSummary& scope : scopes) {
    if (!scope.unknown) continue;
    out += fmt::format("\n**{} is unknown:** {}\n", code(printable(to_string(scope.scope))),
                       code(error_words(*scope.unknown)));
  }
  for (const BlockedConnection& connection : connections) {
    out += fmt::format("\n**{} is blocked:** {}\n", code(printable(connection.name)),
                       code(connection_words(connection)));
  }
  return out;
}

}  // namespace homeostat::markdown
