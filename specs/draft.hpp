// One load in progress: what the steps of the loader hand to each other. Only load.cpp and the
// steps that it calls include this.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "specs/load.hpp"
#include "specs/yaml.hpp"

namespace homeostat {

// A key with its value, as it stands in a file. Nodes live as long as the draft.
struct Entry {
  const yaml::Node* key = nullptr;
  const yaml::Node* value = nullptr;
};
using Entries = std::map<std::string_view, Entry>;
// `ips.<network>` and `dns.<zone>`: one group over all files.
struct Group {
  const yaml::Node* key = nullptr;  // where it stands first
  std::vector<Entry> entries;
};

// What all files say together, by section.
struct Sections {
  Entry homeostat, site, self, notify;
  std::vector<Entry> reports;                 // each key with the list or the one report below it
  std::map<std::string_view, Entries> keyed;  // "services" -> "forgejo" -> ...
  std::map<std::string_view, Group> ips;      // by network
  std::map<std::string_view, Group> dns;      // by zone key

  [[nodiscard]] const Entries& of(std::string_view section) const;
};

// A word with the place where it stands.
struct Placed {
  std::string text;
  Origin at;
};

// What any resource may say beside its fields.
struct Options {
  std::vector<Placed> providers;
  std::optional<Mode> mode;
  std::optional<OnRemove> on_remove;
  std::optional<bool> protect;
  std::optional<bool> alarm_only;
  std::vector<Placed> depends_on;
  std::vector<Ignore> ignore;
};

// Values of a resource, with what is open in them and where they came from.
struct Fields {
  Attributes values = Attributes::object();
  std::vector<OpenValue> open;
  std::vector<FieldOrigin> origins;
};

// A mapping whose keys are fields of a resource, less those that the caller reads itself.
struct Layer {
  const yaml::Node* node = nullptr;
  std::span<const std::string_view> skip = {};
  std::span<const KeyPlace> elsewhere = {};  // where an unknown key may belong
};

// One resource as it is written or derived, before it is put on its providers.
struct Statement {
  const KindSchema* kind = nullptr;
  std::string name;  // encoded
  Origin where;
  std::string service;
  Fields stated;              // read by the caller; above the layers
  std::vector<Layer> layers;  // the first wins
  Fields derived;             // below what is written, above the defaults
  Options options;
  std::vector<std::string> on;  // fixed by the caller (records); else found by provider_names
};

// `defaults.<kind>`: read once for each provider type.
struct Defaults {
  Options options;
  const yaml::Node* node = nullptr;
  std::map<std::string, Fields> by_type;
};

struct PendingEdge {
  Address from;
  Placed to;
};

// The target of a record as it was written, for warnings about relative names.
struct WrittenTarget {
  std::string zone;  // key
  std::string text;
  Origin at;
};

struct Draft {
  const Source& source;
  std::span<const ProviderSchema> types;
  std::span<const NotifierSchema> notifiers;
  const FindZone& find_zone;  // may be empty
  Spec spec = {};
  Errors errors = {};
  std::vector<std::string> texts = {};  // of spec.files
  std::vector<std::vector<yaml::Node>> documents = {};
  Sections sections = {};
  // A file could not be read: what it declares is not there, so nothing is called unknown.
  bool partial = false;
  std::map<std::string, Defaults> defaults = {};                         // by kind
  std::map<std::string, std::vector<std::string>> usual_providers = {};  // by kind; empty: an error
  std::unordered_map<std::string, std::vector<std::string>> zone_names =
      {};  // DNS name -> zone keys
  std::vector<PendingEdge> edges = {};
  std::vector<WrittenTarget> targets = {};
  std::set<std::string> used_secrets = {};
  // Declared and wrong, and said so ("container/db"): not there, but not unknown either.
  std::set<std::string> broken = {};
  // Resources with a value that is wrong and not there: nothing else is asked of them.
  std::set<Address> flawed = {};
};

void report(Draft& draft, const Origin& at, std::string message, std::string hint = {});
void warn(Draft& draft, const Origin& at, std::string message, std::string hint = {});
// "dns.yaml:12:3", for messages that name a second place.
[[nodiscard]] std::string place(const Draft& draft, const Origin& at);
// "did you mean `x`? there is: x, y" or "there is none yet: declare ...".
[[nodiscard]] std::string known_hint(std::string_view word, std::vector<std::string> known);
template <class Map>
[[nodiscard]] std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> keys;
  keys.reserve(map.size());
  for (const auto& entry : map) keys.emplace_back(entry.first);
  return keys;
}
// "a container", "an ip", for messages.
[[nodiscard]] std::string a_kind(std::string_view kind);
// One scalar by a table of one field; null and an error where it is wrong.
[[nodiscard]] nlohmann::json read_scalar(Draft& draft, const FieldSchema& field,
                                         const yaml::Node& node);
[[nodiscard]] Attributes read_mapping(Draft& draft, std::span<const FieldSchema> fields,
                                      const yaml::Node& node, std::string what,
                                      std::span<const std::string_view> skip = {});
// A DNS name as a person writes one: no part of it begins or ends with a hyphen. Servers may hold
// such names, so types.hpp takes them. False, and an error, where one does.
[[nodiscard]] bool check_hyphens(Draft& draft, const Origin& at, std::string_view name);
// The items of a sequence, or the one value itself.
[[nodiscard]] std::vector<const yaml::Node*> items_of(const yaml::Node& node);
[[nodiscard]] std::optional<Mode> read_mode(Draft& draft, const yaml::Node& node);

// The lines that each key of a mapping has its value on.
[[nodiscard]] std::vector<FieldOrigin> origins_of(const yaml::Node& mapping);
// The line that a field's value stands on; the resource's own where nothing tells.
[[nodiscard]] Origin line_of(const Resource& resource, std::string_view path);
// The line that asks for the resource: its key, or what a service derives it from.
[[nodiscard]] Origin stated_at(const Resource& resource);

// load.cpp's steps, in order ----------------------------------------------------------------------

// sections.cpp: all files -> draft.sections, with homeostat.yaml first.
void gather_sections(Draft& draft);

// config.cpp
void read_head(Draft& draft);
void read_providers(Draft& draft);
void read_secrets(Draft& draft);
// Settings of how a server proves who it is, which the `url` or one another makes void.
void check_certificates(Draft& draft, const Attributes& settings, const yaml::Node& node);
// A value in the spec is in git, in plans and in everybody's clone.
void refuse_plain_secrets(Draft& draft, std::span<const FieldSchema> fields,
                          const Attributes& settings, const std::vector<OpenValue>& open,
                          const yaml::Node& node);
// The schema of an instance's type for a kind; nullptr where it does not manage it.
[[nodiscard]] const ProviderKindSchema* managed(const Draft& draft, const std::string& provider,
                                                std::string_view kind);
[[nodiscard]] const ProviderSchema* find_type(const Draft& draft, std::string_view type);

// policy.cpp
void read_policy(Draft& draft);
// The `timezone` of a window or report, right in form or "": an error where there is no such zone.
void check_timezone(Draft& draft, const yaml::Node& mapping, const std::string& timezone);
// Windows for what is not there, once everything is.
void check_windows(Draft& draft);

// telling.cpp: `notifiers`, `notify`, `reports`.
void read_telling(Draft& draft);
[[nodiscard]] const NotifierSchema* find_notifier_type(const Draft& draft, std::string_view type);

// networks.cpp
void read_networks(Draft& draft);
void read_zones(Draft& draft);
// Why no host may state that address of the network; nullopt where it may.
struct AddressProblem {
  std::string message;  // "is the gateway of network ..."
  std::string hint;
};
[[nodiscard]] std::optional<AddressProblem> address_problem(const Draft& draft,
                                                            const Network& network,
                                                            const IpAddress& address);
// Gives `ip: auto` to a container that names a network with a rule, and no address.
void add_automatic_address(const Draft& draft, const ProviderKindSchema& provider, Fields& fields);
// The declared network that holds an address; nullptr where none does.
[[nodiscard]] const Network* network_of(const Spec& spec, const IpAddress& address);

// defaults.cpp
void read_defaults(Draft& draft);
[[nodiscard]] Options read_options(Draft& draft, const yaml::Node& mapping);
// `below` fills what `own` is silent about.
void merge_options(Options& own, const Options& below);
void merge_below(Fields& own, const Fields& below, std::span<const FieldSchema> schema);
// Keys that any resource may have beside its fields, `extra` included.
[[nodiscard]] std::span<const std::string_view> option_names();

// resources.cpp
// Puts a statement on its providers: one resource in draft.spec.desired on each.
void put(Draft& draft, Statement statement);
void read_plain_sections(Draft& draft);
[[nodiscard]] bool check_key(Draft& draft, const Entry& entry, std::string_view section);
// The fields of a layer as they are written, `extra` apart.
[[nodiscard]] Fields read_fields(Draft& draft, const KindSchema& kind, const Layer& layer);
// Parts of a monitor's target that people write as fields of their own.
[[nodiscard]] std::span<const KeyPlace> monitor_places();
// Instances that a resource of `kind` goes to; empty, and an error, where that is not clear.
[[nodiscard]] std::vector<std::string> provider_names(Draft& draft, const KindSchema& kind,
                                                      const Options& options, const Origin& where);
// All resources of that kind and name, one a provider.
[[nodiscard]] std::vector<Resource*> find_resources(Draft& draft, const std::string& kind,
                                                    const std::string& name);

// records.cpp: `dns:`, less the reverse zones; and those, once they are there.
void read_records(Draft& draft);
void read_reverse_records(Draft& draft);

// services.cpp
void read_service_containers(Draft& draft);
void expand_services(Draft& draft);

// reverse_zones.cpp: `reverse:` of zones -> their reverse zones. Which networks a zone needs shows
// in its records.
void add_reverse_zones(Draft& draft);

// refs.cpp
void link_references(Draft& draft);

// cycles.cpp
void check_circles(Draft& draft);

// check_collisions.cpp
void check_collisions(Draft& draft);

// check_names.cpp: names that lead nowhere, or in a circle.
void check_names(Draft& draft);

// checks.cpp: what only shows when all is there.
void check_desired(Draft& draft);

}  // namespace homeostat
