#include "specs/yaml_text.hpp"

#include <fmt/format.h>

#include "specs/utf8.hpp"

namespace homeostat::yaml {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// "UTF-16" or "UTF-32" by its byte order mark, or by the NUL bytes of its first character.
std::string_view wide_encoding(std::string_view text) {
  using namespace std::string_view_literals;
  if (text.starts_with("\0\0\xFE\xFF"sv) || text.starts_with("\xFF\xFE\0\0"sv)) return "UTF-32";
  if (text.starts_with("\xFE\xFF"sv) || text.starts_with("\xFF\xFE"sv)) return "UTF-16";
  if (text.starts_with("\0\0\0"sv)) return "UTF-32";
  if (text.size() >= 4 && text[0] != '\0' && text.substr(1, 3) == "\0\0\0"sv) return "UTF-32";
  if (text.size() >= 2 && (text[0] == '\0') != (text[1] == '\0')) return "UTF-16";
  return {};
}

}  // namespace

Text::Text(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {
  if (text_.starts_with(byte_order_mark)) text_.remove_prefix(byte_order_mark.size());
}

std::optional<Error> Text::check() {
  if (const std::string_view wide = wide_encoding(text_); !wide.empty()) {
    return error(std::size_t{0}, fmt::format("the file is {}", wide), "save it as UTF-8");
  }
  for (std::size_t pos = 0; pos < text_.size();) {
    const auto byte = static_cast<unsigned char>(text_[pos]);
    if ((byte >= 0x20 && byte < 0x7F) || byte == '\n') {
      ++pos;
      continue;
    }
    has_tabs_ = has_tabs_ || byte == '\t';
    ascii_ = ascii_ && byte < 0x80;
    const std::size_t length = utf8_length(text_, pos);
    if (std::optional<Error> wrong = check_character(pos, length)) return wrong;
    pos += length;
  }
  return std::nullopt;
}

std::optional<Error> Text::check_character(std::size_t pos, std::size_t length) const {
  const auto byte = static_cast<unsigned char>(text_[pos]);
  if (length == 0) {
    return error(pos, fmt::format("byte 0x{:02X} is not UTF-8", byte), "save the file as UTF-8");
  }
  if (byte == '\0') return error(pos, "NUL byte in the text", "remove it; is this a text file?");
  if (byte == '\r' && !text_.substr(pos).starts_with("\r\n")) {
    return error(pos, "carriage return without a line feed", "save the file with LF line ends");
  }
  if (byte == 0x7F || (byte < 0x20 && byte != '\t' && byte != '\r')) {
    return error(pos, fmt::format("control character 0x{:02X} in the text", byte),
                 fmt::format("remove it, or write \"\\x{:02X}\" in double quotes", byte));
  }
  if (text_.substr(pos, length) == byte_order_mark) {
    return error(pos, "byte order mark in the middle of the text",
                 "remove this invisible character; it may only start a file");
  }
  return std::nullopt;
}

const Lines& Text::lines() const {
  if (!lines_) lines_.emplace(text_);
  return *lines_;
}

Error Text::error(std::size_t pos, std::string message, std::string hint) const {
  pos = std::min(pos, text_.size());
  const int number = lines().number(pos);
  const std::size_t start = lines().start(number);
  const auto column = static_cast<int>(utf8_count(text_.substr(start, pos - start))) + 1;
  return Error{ErrorKind::invalid_spec, std::move(message), std::move(hint),
               SourceRef{name_, number, column}, lines().excerpt(number)};
}

Error Text::error(const Origin& at, std::string message, std::string hint) const {
  const auto number = static_cast<int>(at.line);
  return Error{ErrorKind::invalid_spec, std::move(message), std::move(hint),
               SourceRef{name_, number, static_cast<int>(at.column)}, lines().excerpt(number)};
}

std::string Text::place(const Origin& at) const {
  return to_string(SourceRef{name_, static_cast<int>(at.line), static_cast<int>(at.column)});
}

std::size_t Text::line_start(std::size_t pos) const {
  if (pos == 0) return 0;
  const std::size_t end = text_.rfind('\n', pos - 1);
  return end == std::string_view::npos ? 0 : end + 1;
}

std::string_view Text::rest_of_line(std::size_t pos) const {
  std::string_view rest = text_.substr(std::min(pos, text_.size()));
  rest = rest.substr(0, rest.find('\n'));
  return rest.substr(0, rest.find_last_not_of(" \t\r") + 1);
}

}  // namespace homeostat::yaml
