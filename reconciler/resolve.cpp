#include "reconciler/resolve.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/addresses.hpp"
#include "reconciler/collisions.hpp"
#include "reconciler/open_values.hpp"
#include "reconciler/paths.hpp"
#include "reconciler/references.hpp"
#include "reconciler/reverse.hpp"

namespace homeostat {

namespace {

bool has(const OpenValue& value, TemplatePart::Kind kind) {
  return std::any_of(value.parts.begin(), value.parts.end(),
                     [kind](const TemplatePart& part) { return part.kind == kind; });
}

std::string shown(const Resource& resource, const std::string& pointer) {
  return display(resource.address, false, false) + "." + path_of_pointer(pointer);
}

// Puts the known values in place of references. The value, where the template was one reference and
// nothing else, keeps its JSON type.
Result<nlohmann::json> bound(OpenValue& value, const std::map<Address, Attributes>& known) {
  std::optional<nlohmann::json> whole;
  for (TemplatePart& part : value.parts) {
    if (part.kind != TemplatePart::Kind::reference) continue;
    const std::string name = display(part.target, false, false) + "." + part.field;
    const auto target = known.find(part.target);
    const nlohmann::json* found =
        target == known.end() ? nullptr : find_at(target->second, path_steps(part.field));
    if (found == nullptr || found->is_null()) {
      return fail(ErrorKind::not_found, fmt::format("{} is still not known", name));
    }
    const std::optional<std::string> text = text_of(*found);
    if (value.parts.size() == 1) whole = *found;
    if (!text && !whole) {
      return fail(ErrorKind::invalid_spec,
                  fmt::format("{} is a list or an object, and cannot stand inside a text", name));
    }
    part = {TemplatePart::Kind::literal, text.value_or(""), {}, {}};
  }
  return whole ? std::move(*whole) : nlohmann::json(joined(value.parts));
}

// The canonical value of a template of literals and secrets.
Result<nlohmann::json> secret_value(const Resource& resource, const OpenValue& value,
                                    const SecretValues& secrets, const ProviderKindSchema* extra) {
  std::string text;
  for (const TemplatePart& part : value.parts) {
    if (part.kind == TemplatePart::Kind::literal) {
      text += part.text;
      continue;
    }
    const auto secret = secrets.find(part.text);
    if (secret == secrets.end()) {
      return fail(ErrorKind::invalid_spec, fmt::format("no secret is called {}", part.text));
    }
    if (!secret->second) return tl::unexpected(secret->second.error());
    text += *secret->second;
  }
  const FieldSchema* field = schema_of(resource.address, extra, path_of_pointer(value.pointer));
  if (field == nullptr) return nlohmann::json(std::move(text));
  Result<nlohmann::json> checked = canonical_value(*field, text);
  // The error of the check would show the value.
  if (!checked) {
    return fail(ErrorKind::invalid_spec,
                fmt::format("the secret in {} does not fit there", shown(resource, value.pointer)));
  }
  return checked;
}

}  // namespace

Resolved resolve(const ResolveInput& input, Desired desired) {
  Resolved resolved;
  resolved.desired = std::move(desired);
  assign_addresses(resolved, input);
  fill_references(resolved, input);
  check_filled(resolved, input);
  add_reverse_records(resolved, input);
  if (input.canonical) {
    for (auto& [address, resource] : resolved.desired) {
      resource.attributes = input.canonical(address, std::move(resource.attributes));
    }
  }
  sort_errors(resolved.errors);
  sort_errors(resolved.warnings);
  return resolved;
}

Status bind(Resource& resource, const std::vector<Pending>& pending, const BindInput& input) {
  std::vector<std::string> filled;
  for (const Pending& later : pending) {
    const auto value =
        std::find_if(resource.open.begin(), resource.open.end(),
                     [&later](const OpenValue& open) { return open.pointer == later.pointer; });
    if (value == resource.open.end()) continue;
    const std::string name = shown(resource, later.pointer);
    Result<nlohmann::json> found = bound(*value, input.known);
    if (!found) {
      found.error().message = name + ": " + found.error().message;
      return tl::unexpected(std::move(found).error());
    }
    if (has(*value, TemplatePart::Kind::secret)) continue;
    const Steps steps = pointer_steps(later.pointer);
    Result<nlohmann::json> canonical =
        canonical_at(resource.address, input.extra, input.spec.zones, later.pointer, *found);
    if (!canonical) {
      return fail(canonical.error().kind, name + ": " + canonical.error().message,
                  canonical.error().hint, source_ref(value->at, input.spec.files));
    }
    if (nlohmann::json* at = find_at(resource.attributes, steps)) *at = std::move(*canonical);
    filled.push_back(later.pointer);
    resource.open.erase(value);
  }
  settle_sets(resource, input.extra, filled, nullptr);
  return {};
}

Attributes fill_known_secrets(const Resource& resource, const SecretValues& secrets,
                              const ProviderKindSchema* extra,
                              std::vector<SecretFailure>& failures) {
  Resource filled;
  filled.address = resource.address;
  filled.attributes = resource.attributes;
  std::vector<std::string> pointers;
  // All of them before a set is sorted again: the pointers are those of the spec.
  for (const OpenValue& value : resource.open) {
    if (has(value, TemplatePart::Kind::reference)) continue;
    Result<nlohmann::json> canonical = secret_value(resource, value, secrets, extra);
    if (!canonical) {
      const auto secret =
          std::ranges::find(value.parts, TemplatePart::Kind::secret, &TemplatePart::kind);
      failures.push_back({value.pointer, secret == value.parts.end() ? "" : secret->text,
                          std::move(canonical).error()});
      continue;
    }
    if (nlohmann::json* at = find_at(filled.attributes, pointer_steps(value.pointer))) {
      *at = std::move(*canonical);
    }
    pointers.push_back(value.pointer);
  }
  // What is still open moves along, and is told where it went.
  std::vector<Pending> left;
  left.reserve(failures.size());
  for (const SecretFailure& failure : failures) left.push_back({failure.pointer, {}});
  settle_sets(filled, extra, pointers, &left);
  for (std::size_t i = 0; i < left.size(); ++i) failures[i].pointer = std::move(left[i].pointer);
  return std::move(filled.attributes);
}

Result<Attributes> fill_secrets(const Resource& resource, const SecretValues& secrets,
                                const ProviderKindSchema* extra) {
  if (resource.open.empty()) return resource.attributes;
  std::vector<SecretFailure> failures;
  Attributes filled = fill_known_secrets(resource, secrets, extra, failures);
  if (!failures.empty()) return tl::unexpected(std::move(failures.front().error));
  return filled;
}

}  // namespace homeostat
