#include "providers/core/http_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "providers/core/http.hpp"
#include "specs/utf8.hpp"

namespace homeostat {

Redactor::Redactor(const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (secret.empty()) continue;
    forms_.push_back(secret);
    forms_.push_back(url_component(secret));
    const std::string quoted =
        nlohmann::json(secret).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    forms_.push_back(quoted.substr(1, quoted.size() - 2));
  }
  std::sort(forms_.begin(), forms_.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  forms_.erase(std::unique(forms_.begin(), forms_.end()), forms_.end());
}

std::string Redactor::operator()(std::string_view text) const { return (*this)(text, text.size()); }

std::string Redactor::operator()(std::string_view text, std::size_t limit) const {
  std::string shown;
  const std::size_t end = std::min(limit, text.size());
  for (std::size_t pos = 0; pos < end;) {
    const std::string_view rest = text.substr(pos);
    const auto secret = std::find_if(forms_.begin(), forms_.end(), [rest](const std::string& form) {
      return rest.starts_with(form);
    });
    if (secret == forms_.end()) {
      shown += text[pos++];
    } else {
      shown += "***";
      pos += secret->size();
    }
  }
  return shown;
}

std::string one_line(std::string_view text, std::size_t characters) {
  std::string line;
  std::size_t count = 0;
  bool blank = false;
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t length = utf8_length(text, pos);
    const std::string_view character = text.substr(pos, std::max<std::size_t>(length, 1));
    pos += character.size();
    const auto first = static_cast<unsigned char>(character.front());
    // C1 controls are two bytes, C2 80 to C2 9F.
    const bool control =
        first <= 0x20 || first == 0x7F || (character >= "\xC2\x80" && character < "\xC2\xA0");
    if (length == 0 || control) {
      blank = !line.empty();
      continue;
    }
    if (count + (blank ? 1 : 0) >= characters) return line + "…";
    if (blank) line += ' ';
    line += character;
    count += blank ? 2 : 1;
    blank = false;
  }
  return line;
}

std::string shown_milliseconds(long long milliseconds) {
  if (milliseconds % 1000 == 0) return fmt::format("{} s", milliseconds / 1000);
  return fmt::format("{} ms", milliseconds);
}

std::string shown_bytes(double bytes) {
  if (bytes < 1000) return fmt::format("{:.0f} B", bytes);
  if (bytes < 1000 * 1000) return fmt::format("{:.1f} kB", bytes / 1000);
  return fmt::format("{:.1f} MB", bytes / 1000 / 1000);
}

}  // namespace homeostat
