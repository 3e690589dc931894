#include "providers/powerdns/convert.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "specs/text.hpp"

namespace homeostat::powerdns {
namespace {

constexpr std::size_t max_chunk = 255;

bool is_digit_or_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// A canonical TXT value that begins with a quote is kept quoted: what it stands for.
std::string plain_text(std::string_view canonical) {
  const std::string_view trimmed = trim(canonical);
  if (!trimmed.starts_with('"')) return std::string(canonical);
  std::string out;
  for (std::size_t i = 1; i + 1 < trimmed.size(); ++i) {
    if (trimmed[i] == '\\' && i + 2 < trimmed.size()) ++i;
    out += trimmed[i];
  }
  return out;
}

// PowerDNS renders what is not printable as \DDD and leaves `;` alone, and takes nothing that it
// would render otherwise (4.7.3: "Not in expected format").
std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\{:03}", static_cast<unsigned>(byte));
    } else {
      out += c;
    }
  }
  return out;
}

// The limit is on the bytes of the text, not on those of their escapes.
std::string txt_content(std::string_view canonical) {
  const std::string text = plain_text(canonical);
  if (text.empty()) return "\"\"";
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += max_chunk) {
    if (at != 0) out += ' ';
    out += '"' + escaped(std::string_view(text).substr(at, max_chunk)) + '"';
  }
  return out;
}

// PowerDNS takes no dotted quad inside an IPv6 address ("::ffff:10.0.0.1": "Invalid IPv6 address").
std::string aaaa_content(std::string_view canonical) {
  if (canonical.find('.') == std::string_view::npos) return std::string(canonical);
  const auto address = parse_ip(canonical);
  if (!address || !address->v6) return std::string(canonical);
  std::string out;
  for (std::size_t i = 0; i < address->bytes.size(); i += 2) {
    const unsigned group = address->bytes[i] * 256U + address->bytes[i + 1];
    out += fmt::format("{}{:x}", i == 0 ? "" : ":", group);
  }
  return out;
}

// `0 issue "..."`: the canonical value is quoted, with its bytes as they are.
std::string caa_content(std::string_view canonical) {
  const std::size_t quote = canonical.find('"');
  if (quote == std::string_view::npos) return std::string(canonical);
  return std::string(canonical.substr(0, quote)) + '"' +
         escaped(plain_text(canonical.substr(quote))) + '"';
}

// Parameters that PowerDNS renders without quotes. Any other is quoted, and has a value.
bool is_bare_parameter(std::string_view key) {
  return key == "mandatory" || key == "alpn" || key == "port" || key == "ipv4hint" ||
         key == "ipv6hint";
}

// 4.7 knows no `dohpath` and no `ohttp`; by their number it takes them.
std::string_view server_key(std::string_view key) {
  if (key == "dohpath") return "key7";
  return key == "ohttp" ? "key8" : key;
}
std::string_view our_key(std::string_view key) {
  if (key == "key7") return "dohpath";
  return key == "key8" ? "ohttp" : key;
}

struct Parameter {
  std::string_view key;
  std::string_view value;
  bool has_value = false;
};

// Takes the next one from the front of `text`; quotes around the value are removed.
std::optional<Parameter> take_parameter(std::string_view& text) {
  text = trim(text);
  if (text.empty()) return std::nullopt;
  Parameter found;
  found.key = text.substr(0, text.find_first_of(" ="));
  text.remove_prefix(found.key.size());
  if (!text.starts_with('=')) return found;
  text.remove_prefix(1);
  found.has_value = true;
  if (!text.starts_with('"')) {
    found.value = text.substr(0, text.find(' '));
    text.remove_prefix(found.value.size());
    return found;
  }
  std::size_t end = 1;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  end = std::min(end, text.size());
  found.value = text.substr(1, end - 1);
  text.remove_prefix(std::min(end + 1, text.size()));
  return found;
}

std::string svcb_content(std::string_view canonical) {
  const auto words = split_words(canonical);
  if (words.size() < 2) return std::string(canonical);
  std::string out = fmt::format("{} {}", words[0], absolute(words[1]));
  std::string_view rest = canonical.substr(
      static_cast<std::size_t>(words[1].data() - canonical.data()) + words[1].size());
  while (const auto parameter = take_parameter(rest)) {
    const std::string_view key = parameter->key;
    if (key == "no-default-alpn") {
      out += fmt::format(" {}", key);
    } else if (is_bare_parameter(key)) {
      out += fmt::format(" {}={}", key, parameter->value);
    } else {
      out += fmt::format(" {}=\"{}\"", server_key(key), parameter->value);
    }
  }
  return out;
}

// The keys under the names that we know them by; an empty value is none.
std::string svcb_canonical(std::string_view content) {
  const auto words = split_words(content);
  if (words.size() < 2) return std::string(content);
  std::string out = fmt::format("{} {}", words[0], words[1]);
  std::string_view rest =
      content.substr(static_cast<std::size_t>(words[1].data() - content.data()) + words[1].size());
  while (const auto parameter = take_parameter(rest)) {
    out += fmt::format(" {}", our_key(parameter->key));
    if (!parameter->value.empty()) out += fmt::format("=\"{}\"", parameter->value);
  }
  return out;
}

// Takes the next word from the front of `text`; empty where there is none.
std::string_view take_word(std::string_view& text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  const auto first = std::find_if_not(text.begin(), text.end(), is_blank);
  const auto last = std::find_if(first, text.end(), is_blank);
  const std::string_view word(first, last);
  text = {last, text.end()};
  return word;
}

// The value with its last word as an absolute name.
std::string with_target(std::string_view canonical) {
  const std::size_t space = canonical.rfind(' ');
  const std::size_t at = space == std::string_view::npos ? 0 : space + 1;
  return std::string(canonical.substr(0, at)) + absolute(canonical.substr(at));
}

}  // namespace

std::string absolute(std::string_view name) {
  return name.ends_with('.') ? std::string(name) : std::string(name) + '.';
}

std::string bare_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return to_lower(name);
}

std::string zone_id(std::string_view zone) {
  std::string id;
  for (const char c : absolute(zone)) {
    if (is_digit_or_letter(c) || c == '.' || c == '-') {
      id += c;
    } else {
      id += fmt::format("={:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return id;
}

bool lies_in(std::string_view zone, std::string_view name) {
  if (name == zone) return true;
  return name.size() > zone.size() + 1 && name.ends_with(zone) &&
         name[name.size() - zone.size() - 1] == '.';
}

std::optional<std::string> owner_in(std::string_view zone, std::string_view name) {
  if (!lies_in(zone, name)) return std::nullopt;
  if (name == zone) return "@";
  return std::string(name.substr(0, name.size() - zone.size() - 1));
}

std::string to_content(std::string_view type, std::string_view canonical) {
  if (type == "TXT") return txt_content(canonical);
  if (type == "AAAA") return aaaa_content(canonical);
  if (type == "CAA") return caa_content(canonical);
  if (type == "SVCB" || type == "HTTPS") return svcb_content(canonical);
  if (!rdata_target(type, canonical).empty() || canonical.ends_with(" .")) {
    return with_target(canonical);
  }
  return std::string(canonical);
}

Result<std::string> from_content(std::string_view type, std::string_view content,
                                 std::string_view zone) {
  if (type == "SVCB" || type == "HTTPS") {
    return canonical_rdata(type, svcb_canonical(content), zone);
  }
  return canonical_rdata(type, content, zone);
}

std::string print_marker(const Marker& marker) {
  return fmt::format("site={} id={}{} address={}", marker.site, marker.id,
                     marker.protect ? " protect=true" : "", marker.address);
}

std::optional<Marker> parse_marker(std::string_view content) {
  std::string_view rest = content;
  const std::string_view site = take_word(rest);
  const std::string_view id = take_word(rest);
  const std::string_view third = take_word(rest);
  if (!site.starts_with("site=") || !id.starts_with("id=") || third.empty()) return std::nullopt;
  constexpr std::string_view address = " address=";
  const std::size_t at = content.find(address);
  if (at == std::string_view::npos) return std::nullopt;
  return Marker{.site = std::string(site.substr(5)),
                .address = std::string(content.substr(at + address.size())),
                .id = std::string(id.substr(3)),
                .protect = third == "protect=true"};
}

}  // namespace homeostat::powerdns
