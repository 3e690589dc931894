// What a provider is: one configured endpoint. It translates; it never judges. It knows no plan, no
// ledger and no other provider.
#pragma once

#include <chrono>
#include <compare>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "providers/core/timing.hpp"
#include "specs/config.hpp"
#include "specs/load.hpp"
#include "specs/schema.hpp"

namespace homeostat {

using Time = std::chrono::sys_seconds;

// What is observed together, and is known or unknown as one: a provider instance, or a zone of it.
struct Scope {
  std::string provider;  // instance name
  std::string zone;      // zone key; "" = all that is not a record
  friend auto operator<=>(const Scope&, const Scope&) = default;
};
[[nodiscard]] std::string to_string(const Scope& scope);  // "pve", "dns/lab"
[[nodiscard]] Scope scope_of(const Address& address);     // dns/<zone>/... -> that zone's

// The mark of ownership that a provider writes where the live system has a place for one.
struct Marker {
  std::string site;
  std::string address;  // full form
  std::string id;       // native id of what it was written to; another one's: this is a copy
  bool protect = false;
  friend bool operator==(const Marker&, const Marker&) = default;
};

struct LiveResource {
  Address address;        // as its marker says; without one, what the provider would call it
  std::string native_id;  // what the server calls it; stable over changes, unique in the scope
  std::optional<Marker> marker;
  Attributes attributes = Attributes::object();  // canonical; all the provider can tell
  std::optional<Time> changed_at;                // where the live system knows
  std::string changed_by;                        // likewise, or ""
  bool fixed = false;          // the server's own (SOA, DHCP-made, expiring): listed, never touched
  std::string why_fixed = {};  // "it is the zone's own"; "": the server's own
};

struct Observation {
  std::vector<LiveResource> resources;
  // Set where only a part could be read: the whole scope is unknown then. Says why.
  std::optional<Error> incomplete;
  // What somebody should put right on the server; it hinders nothing.
  Errors warnings;
};

enum class StepKind : std::uint8_t { create, update, restart, replace, remove, stop, mark };

// One write. `after` holds the fields to be set (create, replace: all of them; else only what the
// plan showed; null = back to the system's own value). What it does not name stays as it is. Of an
// object and of a keyed map it holds the changed keys only, of a keyed list an object of its
// changed keys: true = in, null = out (merge.hpp puts them together). A step whose address is not
// the one that native_id stands for is a rename. A marker without site: the marker is to be taken
// off.
struct Step {
  StepKind kind = StepKind::update;
  const Address& address;
  const std::string& native_id;  // "" for create
  const Attributes& before;      // as observed; null for create
  const Attributes& after;       // null for remove, stop and mark
  // To be written along, wherever the kind has a place for it. Its `id` is the provider's to fill
  // in: what the thing is called after this step.
  const Marker& marker;
};

struct StepResult {
  std::string native_id;
  Attributes attributes = Attributes::object();  // what the server now holds, as far as it said
};

struct KindInfo {
  bool marker = true;  // the system has a place for a marker on this kind
  // Nothing but its address says which thing it is: under another one it is another thing.
  bool named_by_address = false;
};
struct ProviderInfo {
  ProviderSchema schema;
  std::map<std::string, KindInfo> kinds;
  bool batches = false;         // apply takes the steps of one DNS owner name in one call
  bool atomic_batches = false;  // and what is on one such name happens as a whole or not at all
  // A call takes all steps of one zone that can be made now, however many names they are on; what
  // happens to one name means nothing for another.
  bool zone_batches = false;
  // The setting that names the folder which is all that an instance touches; "": it talks to a
  // server. A folder inside the repo's needs no trust.
  std::string folder_setting;
};

// To a server, from the beginning. A try that reaches no server is no call, but an error.
struct CallCounts {
  std::uint64_t calls = 0;  // retries included
  std::uint64_t errors = 0;
  // Until when the certificate counts that the server showed last, where one was asked for.
  std::optional<Time> certificate_until = std::nullopt;

  CallCounts& operator+=(const CallCounts& more) {
    calls += more.calls;
    errors += more.errors;
    if (more.certificate_until) certificate_until = more.certificate_until;
    return *this;
  }
  friend bool operator==(const CallCounts&, const CallCounts&) = default;
};

class Provider {
 public:
  virtual ~Provider() = default;
  [[nodiscard]] virtual const ProviderInfo& info() const = 0;
  // Rewrites what the spec says into what the server will echo, so that the diff sees no phantom
  // change. Pure.
  [[nodiscard]] virtual Attributes canonical(const Address& address, Attributes wanted) const = 0;
  // By list calls; canonical values.
  [[nodiscard]] virtual Result<Observation> observe(const Scope& scope, std::stop_token stop) = 0;
  // Idempotent. One result a step, in order. Called from several threads at once. Where a field to
  // be written is no longer what `before` says (and not yet what `after` says) the step is a
  // conflict, as far as the system lets one see that without a request more.
  [[nodiscard]] virtual std::vector<Result<StepResult>> apply(std::span<const Step> steps,
                                                              std::stop_token stop) = 0;
  // What it cost so far, in one line ("12 calls over 1 connection, ..."); "" where nothing is
  // counted.
  [[nodiscard]] virtual std::string traffic() const { return {}; }
  // nullopt where nothing is counted.
  [[nodiscard]] virtual std::optional<CallCounts> calls() const { return std::nullopt; }
};

// What a provider is opened with: settings resolved, secrets included. Lives for the call only.
struct ProviderContext {
  const ProviderConfig& config;
  const Attributes& settings;  // config.settings with every reference and secret filled in
  // The spec's folder; relative paths start there. "": it has none (a bare repository).
  const std::string& folder;
  const std::string& site;
  const Zones& zones;     // those with this provider in `on`
  bool read_only = true;  // planning: refuse every write
  Timing timing = {};     // for whoever waits; empty functions: the real clock
};

struct ProviderType {
  std::string_view name;
  const ProviderInfo& (*info)();
  Result<std::unique_ptr<Provider>> (*make)(const ProviderContext&);
};
// Generated by the build from the folders below providers/.
[[nodiscard]] std::span<const ProviderType> builtin_providers();

}  // namespace homeostat
