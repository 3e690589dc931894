// A message as a mail: RFC 5322 and MIME. Pure.
#pragma once

#include <string>
#include <vector>

#include "reconciler/notify/message.hpp"

namespace homeostat {

struct MailHead {
  std::string from = {};  // plain addresses, checked
  std::vector<std::string> to = {};
};
// Lines of at most 78 bytes (a long id or address is not broken) that end with CR LF, ASCII only.
// Text and HTML as alternatives. Its Message-ID is made of the event's id, so that a repeat is the
// same mail; mails of one incident refer to each other. Whatever stands in the message, it begins
// no header.
[[nodiscard]] std::string mail_of(const Message& message, const MailHead& head);

// "ops@example.org", ASCII, nothing that would need quotes.
[[nodiscard]] Result<std::string> checked_mail_address(std::string_view text);

[[nodiscard]] std::string quoted_printable(std::string_view text);
// Of one header; folded.
[[nodiscard]] std::string encoded_words(std::string_view text);

}  // namespace homeostat
