// Texts as the services want them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reconciler/notify/message.hpp"

namespace homeostat {

// Bytes that are not UTF-8 become U+FFFD, CR LF and CR a newline, a tab a blank; other control
// characters, and marks that turn the direction of what is read, go.
[[nodiscard]] std::string clean_text(std::string_view text);
// Every text of it; the title is one line, and never empty.
[[nodiscard]] Message clean_message(Message message);

// As chats count: a character beyond U+FFFF is two.
[[nodiscard]] std::size_t utf16_length(std::string_view utf8);

// At line ends where that is possible, each part at most `limit` long as utf16_length() counts,
// and at most so many parts: the last one ends with how many lines are left out. Empty lines at
// both ends are dropped; an empty text has no parts.
[[nodiscard]] std::vector<std::string> split_text(std::string_view text, std::size_t limit,
                                                  std::size_t parts);

// "&<>" as entities; the quote too.
[[nodiscard]] std::string html_escaped(std::string_view text);
// A backslash before every character that Markdown may take for its own.
[[nodiscard]] std::string plain_markdown(std::string_view text);
// So that no fence of three backticks in it ends the block that it is put in.
[[nodiscard]] std::string fence_proof(std::string_view text);

[[nodiscard]] std::string utc_text(Time at);  // "2026-11-21 14:02 UTC"
[[nodiscard]] std::string iso_text(Time at);  // "2026-11-21T14:02:11Z"

// "home · 2026-11-21 14:02 UTC · opened · event 17": the last line in chats and mails.
[[nodiscard]] std::string footer(const Message& message);
// "title", or "title (2/3)".
[[nodiscard]] std::string numbered(const std::string& title, std::size_t part, std::size_t parts);

}  // namespace homeostat
