#include "specs/resource.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "specs/utf8.hpp"

namespace homeostat {

namespace {

constexpr std::string_view apex = "%40";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that "%XX" at `pos` stands for, or -1.
int escape_at(std::string_view text, std::size_t pos) {
  if (pos + 2 >= text.size() || text[pos] != '%') return -1;
  const int high = hex_digit(text[pos + 1]);
  const int low = hex_digit(text[pos + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// The `@` of an apex is a whole component of a name; any other one starts the provider.
bool is_apex(std::string_view text, std::size_t pos, bool last_component_too) {
  if (pos == 0 || text[pos - 1] != '/') return false;
  return pos + 1 < text.size() ? text[pos + 1] == '/' : last_component_too;
}

struct Parts {
  std::string_view site;
  std::string_view path;  // kind/name
  std::string_view provider;
  bool has_site = false;
  bool has_provider = false;
};

// Shared by addresses and globs: `*:x` is a site too, "dns/a:b" is not.
Parts split(std::string_view text) {
  Parts parts;
  const std::size_t colon = text.find_first_of(":/");
  if (colon != std::string_view::npos && text[colon] == ':') {
    parts.has_site = true;
    parts.site = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  std::size_t at = text.find('@');
  while (at != std::string_view::npos && is_apex(text, at, false)) at = text.find('@', at + 1);
  if (at != std::string_view::npos) {
    parts.has_provider = true;
    parts.provider = text.substr(at + 1);
    parts.path = text.substr(0, at);
  }
  // "dns/lab/@" ends with the apex.
  if (!parts.has_provider || (parts.provider.empty() && parts.path.ends_with('/'))) {
    parts.has_provider = false;
    parts.path = text;
  }
  return parts;
}

tl::unexpected<Error> refuse(std::string_view text, std::string_view what) {
  return fail(ErrorKind::invalid_spec, fmt::format("`{}` is no address: {}", text, what),
              "write [site:]kind/name[@provider], such as container/forgejo");
}

// What stands for itself inside a component of a name.
bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte <= 0x20 || byte == 0x7F) return false;
  return c != '/' && c != ':' && c != '%' && c != '*' && c != '?' && c != '@';
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_plain(c); });
}

// One component as typed -> encoded once, however it was written.
Result<std::string> normal_component(std::string_view whole, std::string_view part) {
  if (part.empty()) return refuse(whole, "a part of its name is empty");
  if (is_plain(part)) return std::string(part);
  for (std::size_t pos = 0; pos < part.size(); ++pos) {
    const char c = part[pos];
    if (c == '%' && escape_at(part, pos) < 0) {
      return refuse(whole, "`%` must be followed by two hex digits; a percent sign is %25");
    }
    if (c == ':' || c == '?' || c == ' ') {
      return refuse(whole, fmt::format("`{}` inside a name is written {}", c,
                                       encode_component(std::string_view(&c, 1))));
    }
  }
  return encode_component(decode_component(part));
}

Status check_word(std::string_view whole, std::string_view word, std::string_view what) {
  if (word.empty()) return refuse(whole, fmt::format("the {} is empty", what));
  if (!is_plain(word) && word.find_first_of("/:%*?@ ") != std::string_view::npos) {
    return refuse(whole, fmt::format("`{}` cannot be a {}", word, what));
  }
  return {};
}

// The length of what one `?` takes: a "%XX", or one character.
std::size_t unit_length(std::string_view text, std::size_t pos) {
  if (escape_at(text, pos) >= 0) return 3;
  return std::max<std::size_t>(utf8_length(text, pos), 1);
}

bool glob_match(std::string_view glob, std::string_view text) {
  std::size_t g = 0;
  std::size_t t = 0;
  // Where to go on when a character does not fit: behind the last `*`, one character further.
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = t;
    } else if (g < glob.size() && glob[g] == '?') {
      ++g;
      t += unit_length(text, t);
    } else if (g < glob.size() && glob[g] == text[t]) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

// The path of a glob with its escapes as addresses have them: an apex `@` as %40, hex digits in
// upper case.
std::string normal_glob_path(std::string_view path) {
  std::string out;
  for (std::size_t pos = 0; pos < path.size(); ++pos) {
    if (path[pos] == '@' && is_apex(path, pos, true)) {
      out += apex;
    } else if (const int byte = escape_at(path, pos); byte >= 0) {
      out += fmt::format("%{:02X}", byte);
      pos += 2;
    } else {
      out += path[pos];
    }
  }
  return out;
}

}  // namespace

std::string to_string(const Address& address) {
  std::string text;
  text.reserve(address.site.size() + address.kind.size() + address.name.size() +
               address.provider.size() + 3);
  if (!address.site.empty()) text.append(address.site).append(1, ':');
  text.append(address.kind).append(1, '/').append(address.name);
  if (!address.provider.empty()) text.append(1, '@').append(address.provider);
  return text;
}

std::string display(const Address& address, bool with_provider, bool with_site) {
  const bool provider = with_provider && !address.provider.empty();
  std::string text;
  if (with_site && !address.site.empty()) text.append(address.site).append(1, ':');
  text.append(address.kind).append(1, '/');
  if (provider) return text.append(address.name).append(1, '@').append(address.provider);
  std::string_view rest = address.name;
  while (true) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    text += part == apex ? "@" : part;
    if (slash == std::string_view::npos) return text;
    text += '/';
    rest.remove_prefix(slash + 1);
  }
}

Result<Address> parse_address(std::string_view text) {
  const Parts parts = split(text);
  Address address;
  address.site = parts.site;
  address.provider = parts.provider;
  if (parts.has_site) {
    TRY(check_word(text, parts.site, "site"));
  }
  if (parts.has_provider) {
    TRY(check_word(text, parts.provider, "provider"));
  }
  const std::size_t slash = parts.path.find('/');
  if (slash == std::string_view::npos) return refuse(text, "it has no `/` between kind and name");
  address.kind = parts.path.substr(0, slash);
  TRY(check_word(text, address.kind, "kind"));
  std::string_view rest = parts.path.substr(slash + 1);
  if (rest.empty()) return refuse(text, "its name is empty");
  while (true) {
    const std::size_t end = rest.find('/');
    TRY_ASSIGN(const std::string part, normal_component(text, rest.substr(0, end)));
    address.name += part;
    if (end == std::string_view::npos) return address;
    address.name += '/';
    rest.remove_prefix(end + 1);
  }
}

std::string encode_component(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_plain(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string decode_component(std::string_view text) {
  if (text.find('%') == std::string_view::npos) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t pos = 0; pos < text.size(); ++pos) {
    if (const int byte = escape_at(text, pos); byte >= 0) {
      out += static_cast<char>(byte);
      pos += 2;
    } else {
      out += text[pos];
    }
  }
  return out;
}

std::vector<std::string> name_components(std::string_view name) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t slash = name.find('/');
    parts.push_back(decode_component(name.substr(0, slash)));
    if (slash == std::string_view::npos) return parts;
    name.remove_prefix(slash + 1);
  }
}

bool address_matches(const Address& address, std::string_view glob) {
  const Parts parts = split(glob);
  if (parts.has_site && !glob_match(parts.site, address.site)) return false;
  if (parts.has_provider && !glob_match(parts.provider, address.provider)) return false;
  return glob_match(normal_glob_path(parts.path), address.kind + "/" + address.name);
}

std::vector<Origin> lines_saying(const std::vector<FieldOrigin>& origins,
                                 std::initializer_list<std::string_view> paths) {
  std::vector<Origin> lines;
  const auto add = [&lines](const Origin& at) {
    const bool known = std::any_of(lines.begin(), lines.end(), [&at](const Origin& line) {
      return line.file == at.file && line.line == at.line;
    });
    if (!known) lines.push_back(at);
  };
  for (const std::string_view path : paths) {
    for (const FieldOrigin& origin : origins) {
      if (origin.path != path) continue;
      for (const Origin& line : origin.lines) add(line);
    }
  }
  return lines;
}

}  // namespace homeostat
