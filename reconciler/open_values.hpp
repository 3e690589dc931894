// Putting a value where the spec says `${...}`: what planning, binding and secrets share. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/plan.hpp"

namespace homeostat {

// A place in attributes: the components of a JSON pointer ("/env/A~1B") or of a field path
// ("env/A%2FB"), decoded: {"env", "A/B"}.
using Steps = std::vector<std::string>;
[[nodiscard]] Steps pointer_steps(std::string_view pointer);
[[nodiscard]] Steps path_steps(const FieldPath& path);
// True where one names the other, or something inside it.
[[nodiscard]] bool overlap(const Steps& a, const Steps& b);

// nullptr where there is none. Numbers count the items of lists.
[[nodiscard]] const nlohmann::json* find_at(const Attributes& attributes, const Steps& steps);
[[nodiscard]] nlohmann::json* find_at(Attributes& attributes, const Steps& steps);
// The schema of a field of that resource, elements of lists and maps included; nullptr where
// unknown. `extra` may be null.
[[nodiscard]] const FieldSchema* schema_of(const Address& address, const ProviderKindSchema* extra,
                                           const FieldPath& path);

// What stands between the literals of a template: nullopt for lists and objects.
[[nodiscard]] std::optional<std::string> text_of(const nlohmann::json& value);

// The value of a template whose parts are literals: their join. `whole` is a value that was the
// template's only part, and keeps its JSON type.
[[nodiscard]] std::string joined(const std::vector<TemplatePart>& parts);

// `value` in the canonical form of that place; records by their type and zone. The error says what
// is wrong, without the place.
[[nodiscard]] Result<nlohmann::json> canonical_at(const Address& address,
                                                  const ProviderKindSchema* extra,
                                                  const Zones& zones, std::string_view pointer,
                                                  const nlohmann::json& value);

// After values inside lists that are sets were written: sorts those lists again, drops what stands
// twice, and lets the pointers of `resource.open` and `pending` follow. `filled`: the pointers.
void settle_sets(Resource& resource, const ProviderKindSchema* extra,
                 const std::vector<std::string>& filled, std::vector<Pending>* pending);

}  // namespace homeostat
