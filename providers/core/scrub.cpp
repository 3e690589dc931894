#include "providers/core/scrub.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "providers/core/http.hpp"

namespace homeostat {
namespace {

std::string base64(const std::string& text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(length));
  while (out.ends_with('=')) out.pop_back();
  return out;
}

std::string url_safe(std::string text) {
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

// %2F -> %2f
std::string lower_escapes(std::string text) {
  for (std::size_t i = 0; i + 2 < text.size(); ++i) {
    if (text[i] != '%') continue;
    for (const std::size_t digit : {i + 1, i + 2}) {
      if (text[digit] >= 'A' && text[digit] <= 'F') {
        text[digit] = static_cast<char>(text[digit] - 'A' + 'a');
      }
    }
    i += 2;
  }
  return text;
}

}  // namespace

Scrubber::Scrubber(const std::vector<std::string>& secrets) {
  std::set<std::string> forms;
  for (const std::string& secret : secrets) {
    if (secret.empty()) continue;
    const std::string quoted =
        nlohmann::json(secret).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    const std::string escaped = url_component(secret);
    const std::string encoded = base64(secret);
    forms.insert({secret, quoted.substr(1, quoted.size() - 2), escaped, lower_escapes(escaped),
                  encoded, url_safe(encoded)});
  }
  forms_.assign(forms.begin(), forms.end());
  std::ranges::stable_sort(forms_, std::ranges::greater(), &std::string::size);
}

std::string Scrubber::clean(std::string_view text) const { return clean(text, text.size()); }

std::string Scrubber::clean(std::string_view text, std::size_t limit) const {
  std::string shown;
  const std::size_t end = std::min(limit, text.size());
  for (std::size_t pos = 0; pos < end;) {
    const std::string_view rest = text.substr(pos);
    const auto secret = std::ranges::find_if(
        forms_, [rest](const std::string& form) { return rest.starts_with(form); });
    if (secret == forms_.end()) {
      shown += text[pos++];
    } else {
      shown += redacted;
      pos += secret->size();
    }
  }
  return shown;
}

bool Scrubber::finds(std::string_view text) const {
  return std::ranges::any_of(
      forms_, [text](const std::string& form) { return text.find(form) != text.npos; });
}

Error Scrubber::clean(Error error) const {
  error.message = clean(error.message);
  error.hint = clean(error.hint);
  error.excerpt = clean(error.excerpt);
  return error;
}

}  // namespace homeostat
