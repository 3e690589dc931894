// The text of one YAML file: what makes it no text at all, and how errors point into it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "specs/lines.hpp"
#include "specs/resource.hpp"

namespace homeostat::yaml {

class Text {
 public:
  // Keeps a view of `text`, less a leading byte order mark.
  Text(std::string_view text, std::string name);

  [[nodiscard]] std::string_view view() const { return text_; }
  [[nodiscard]] bool ascii() const { return ascii_; }        // valid after check()
  [[nodiscard]] bool has_tabs() const { return has_tabs_; }  // valid after check()

  // One pass over the bytes: UTF-16, bytes that are not UTF-8, control characters and stray byte
  // order marks are refused with their place.
  [[nodiscard]] std::optional<Error> check();

  [[nodiscard]] Error error(std::size_t pos, std::string message, std::string hint = {}) const;
  [[nodiscard]] Error error(const Origin& at, std::string message, std::string hint = {}) const;
  [[nodiscard]] std::string place(const Origin& at) const;  // "file:line:column"
  [[nodiscard]] int line(std::size_t pos) const { return lines().number(pos); }
  [[nodiscard]] std::size_t line_start(std::size_t pos) const;
  // From `pos` to the end of its line, without trailing blanks.
  [[nodiscard]] std::string_view rest_of_line(std::size_t pos) const;

 private:
  [[nodiscard]] const Lines& lines() const;
  [[nodiscard]] std::optional<Error> check_character(std::size_t pos, std::size_t length) const;

  std::string_view text_;
  std::string name_;
  bool ascii_ = true;
  bool has_tabs_ = false;
  mutable std::optional<Lines> lines_;  // built at the first error
};

}  // namespace homeostat::yaml
