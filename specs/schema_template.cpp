// `${...}` inside texts.
#include "specs/schema.hpp"
#include "specs/text.hpp"

namespace homeostat {
namespace {

constexpr std::string_view how =
    "write `${container.NAME.ip}` or `${secret.NAME}`, or `$${` for a plain `${`";

tl::unexpected<Error> wrong(std::string message) {
  return fail(ErrorKind::invalid_spec, std::move(message), std::string(how));
}

// "${container.git.example.org.ip}": a name may hold dots and so may the last component of a field
// path, so the field begins behind the first dot that a known field of the kind follows.
std::size_t field_start(const KindSchema* kind, std::string_view name_and_field) {
  for (auto dot = name_and_field.find('.'); kind != nullptr && dot != std::string_view::npos;
       dot = name_and_field.find('.', dot + 1)) {
    const std::string_view path = name_and_field.substr(dot + 1);
    const std::string_view first = path.substr(0, path.find('/'));
    if (dot > 0 && (first == "extra" || kind->field(first) != nullptr)) return dot;
  }
  return name_and_field.rfind('.');
}

// A component as people write it, or already encoded.
std::string encoded_name(std::string_view name) {
  std::string out;
  for (const std::string_view component : split(name, '/')) {
    if (!out.empty()) out += '/';
    out += encode_component(decode_component(component));
  }
  return out;
}

Result<TemplatePart> parse_reference(std::string_view body) {
  TemplatePart part;
  const std::string shown = in_ticks("${" + std::string(body) + '}');
  body = trim(body);
  const auto dot = body.find_first_of("./");  // "container.db.ip", "container/db.ip"
  if (body.empty()) return wrong("`${}` refers to nothing");
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == body.size()) {
    return wrong(shown + " is not a reference");
  }
  if (body.find_first_of(" \t\n{}$\"'") != std::string_view::npos) {
    return wrong(shown + " has characters that no reference has");
  }
  const std::string_view kind = body.substr(0, dot);
  std::string_view rest = body.substr(dot + 1);
  if (kind == "secret") {
    part.kind = TemplatePart::Kind::secret;
    part.text = rest;
    return part;
  }
  const auto start = field_start(find_kind(kind), rest);
  if (start == std::string_view::npos || start == 0 || start + 1 == rest.size()) {
    return wrong(shown + " names no field");
  }
  std::string_view name = rest.substr(0, start);
  // "x@pve" names the provider; the "@" of "lab/@/MX" is the apex.
  const auto at = name.rfind('@');
  if (at != std::string_view::npos && at > 0 && name[at - 1] != '/' && at + 1 < name.size()) {
    part.target.provider = name.substr(at + 1);
    name = name.substr(0, at);
  }
  part.kind = TemplatePart::Kind::reference;
  part.target.kind = kind;
  part.target.name = encoded_name(name);
  part.field = rest.substr(start + 1);
  return part;
}

void add_literal(std::vector<TemplatePart>& parts, std::string_view text) {
  if (text.empty()) return;
  if (parts.empty() || parts.back().kind != TemplatePart::Kind::literal) parts.emplace_back();
  parts.back().text += text;
}

}  // namespace

Result<std::vector<TemplatePart>> parse_template(std::string_view text) {
  std::vector<TemplatePart> parts;
  std::optional<Error> bad;  // all that is wrong, in one sentence
  const auto note = [&bad](Error error) {
    if (bad) {
      bad->message += "; " + error.message;
    } else {
      bad = std::move(error);
    }
  };
  while (true) {
    const auto open = text.find("${");
    if (open == std::string_view::npos) {
      if (bad) return tl::unexpected(std::move(*bad));
      add_literal(parts, text);
      return parts;
    }
    if (open > 0 && text[open - 1] == '$') {
      add_literal(parts, text.substr(0, open - 1));
      add_literal(parts, "${");
      text.remove_prefix(open + 2);
      continue;
    }
    add_literal(parts, text.substr(0, open));
    const auto close = text.find('}', open);
    if (close == std::string_view::npos) {
      note(wrong(in_ticks(text.substr(open)) + " is not closed with `}`").value());
      return tl::unexpected(std::move(*bad));
    }
    Result<TemplatePart> part = parse_reference(text.substr(open + 2, close - open - 2));
    if (part) {
      parts.push_back(std::move(*part));
    } else {
      note(std::move(part).error());
    }
    text.remove_prefix(close + 1);
  }
}

bool has_template(std::string_view text) {
  for (auto open = text.find("${"); open != std::string_view::npos;
       open = text.find("${", open + 2)) {
    if (open == 0 || text[open - 1] != '$') return true;
  }
  return false;
}

}  // namespace homeostat
