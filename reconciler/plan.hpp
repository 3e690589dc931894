// desired, live, ledger, policy, now -> Plan. Pure: no I/O, no clock, no globals; the same input
// gives the same bytes.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/ledger_view.hpp"
#include "reconciler/observe.hpp"

namespace homeostat {

// Why a field differs: see the table in specs/README.md ("Causes").
enum class Cause : std::uint8_t { none, git, undo, drift, both, first_contact };

// The commit that caused a difference. Filled in by provenance, after planning.
struct Provenance {
  std::string commit;  // 40 hex digits; "" where uncommitted or not in git
  std::string author;
  std::string subject;
  Time at = {};
  SourceRef where;  // the line that was touched; of a removed one: where it stood
  bool removed = false;
  bool uncommitted = false;
  // Where no line tells: what it was agreed in. The cause came after it.
  std::string since;
  // Git did not move at all: another value came out of this secret, or of this resource.
  std::string secret;
  std::optional<Address> target;
  std::int64_t undone = 0;  // nor did it here: this run was undone
};

// The one field of a change that no kind has: it stands in the marker.
inline constexpr const char* protect_path = "protect";

struct FieldDiff {
  FieldPath path;
  // null = absent. A secret's: "(secret)", or the ${secret.x} that stands for it; never its value.
  nlohmann::json desired, live, agreed;
  bool has_agreed = false;
  bool secret = false;
  bool alarm_only = false;
  Cause cause = Cause::none;
  ChangeEffect effect = ChangeEffect::in_place;
  std::vector<Address> after;  // desired is not known before these were applied
  std::vector<Origin> lines;   // where `desired` was written
  std::optional<Time> since;   // drift: first seen, or the live system's own word
  std::string by;              // drift: who, where the live system keeps a log
  std::optional<Provenance> provenance;
};

// Why a change is shown and not made.
enum class HoldCode : std::uint8_t {
  adopt_differs,     // it exists, is not ours, and differs: --adopt
  adopt_never,       // policy `adopt: never`
  foreign,           // another site's marker
  in_the_way,        // an unowned thing holds what this one needs
  never_field,       // a field that can never change
  unsupported,       // the provider cannot do this change
  self,              // Homeostat's own container
  cycle,             // takes what it must release first, around a circle
  no_ledger,         // a possible delete without the ledger's word
  value_unknown,     // a reference into what could not be observed; a secret that is not there
  protected_one,     // protect: true
  needs_consent,     // data: --allow-destroy ADDRESS
  too_many_deletes,  // count or share in the scope: --allow-deletes N
  would_empty,       // the scope would hold nothing of ours: --allow-deletes N
  stuck,             // written three times, and it does not read back
  reads_empty,       // a scope that held something reads empty: --accept-empty SCOPE
  depends,           // needs another change that is held
  // Of the loop alone (by_itself.hpp); a hand is not bound by them.
  report_mode,  // mode: report
  suspended,    // homeostat suspend
  healing,      // drift that is younger than heal_after
  window,       // outside its windows
  approval      // approve: always
};
struct Hold {
  HoldCode code = HoldCode::depends;
  std::string text;                          // one sentence with what to do about it
  std::optional<Time> until = std::nullopt;  // when time alone lets it go
};

// A spare value that a change takes first, to break a circle of takes.
struct Park {
  FieldPath path;
  nlohmann::json value;
  std::vector<Address> frees;  // changes whose need of this one is met by the park step; sorted
};

struct Change {
  Action action = Action::update;
  Address address;
  std::optional<Address> from;           // rename: what it was owned as
  std::string native_id;                 // "" for create
  Attributes before, after;              // null when absent; secrets as in FieldDiff
  std::vector<FieldDiff> fields;         // sorted by path; of create, adopt and remove too
  Cause cause = Cause::none;             // of the change as a whole: the strongest of its fields'
  std::optional<Provenance> provenance;  // create, remove, release, rename: of the resource itself
  std::optional<Time> since;             // drift of the resource itself (deleted by hand)
  std::vector<Address> needs;            // changes of this plan that come first
  std::string group;                     // changes with the same group are sent as one batch
  std::optional<Park> park;
  std::optional<OnRemove> on_remove;  // release of what holds data: keep or stop
  std::optional<Hold> hold;
  bool data = false;
  // Writes nothing, and is not counted: an adopt without a difference, or the release of what is
  // gone from the spec and the live system alike (the ledger's row goes).
  bool quiet = false;
  bool gap = false;           // delete and create of one batch that is not atomic
  SourceRef where;            // of the declaration; for what is gone: the last one
  std::vector<Origin> lines;  // of the declaration
  std::string service;
};

// What is live and must be said, but is no change.
struct Finding {
  enum class Kind : std::uint8_t { copy, orphan, unmanaged };
  Kind kind = Kind::unmanaged;
  Address address;
  std::string native_id;
  std::string text;
};

struct ScopeSummary {
  Scope scope;
  std::optional<Error> unknown;
  Time at = {};
  std::size_t owned = 0;         // resources of ours before this plan
  std::size_t going = 0;         // deletes + replaces in this plan that are not held
  std::size_t limit = 0;         // how many could go without consent
  std::size_t not_compared = 0;  // declared resources of an unknown scope
};

// A connection (connections.hpp) that the revision has changed, and that is not trusted as it says.
struct ConnectionField {
  std::string name;                // "url"
  nlohmann::json trusted, wanted;  // null = absent
};
struct BlockedConnection {
  std::string name;  // "provider/dns"
  std::vector<ConnectionField> fields;
  std::string text;  // what was done instead, and what to do
  SourceRef where;
};

struct Plan {
  std::string site;
  std::string commit, branch;  // as in Revision
  bool work_tree = false;
  bool uncommitted = false;  // a work tree with changes
  bool ledger = false;
  Time made = {};           // PlanInput::now
  Time at = {};             // of the oldest part of the live view
  bool offline = false;     // against the last observation
  std::size_t cut_off = 0;  // writes of a run that died, which the live view has settled
  std::vector<ScopeSummary> scopes;
  std::vector<Change> changes;  // in the order of apply; ties by address
  std::vector<Finding> findings;
  std::map<Scope, std::map<std::string, std::size_t>> unknown;  // scope -> kind -> not compared
  std::vector<BlockedConnection> connections;
  Errors warnings;
  std::vector<std::string>
      stops;  // the guard's reasons to run nothing at all; then nothing is written
  std::size_t secret_gaps = 0;  // values that were not compared, for want of a secret
  std::size_t resources = 0;    // declared, as far as they were selected
};

// 12 hex digits over all that would be written: two plans with one id do the same.
[[nodiscard]] std::string plan_id(const Plan& plan);

// Site + kind filters and consents given by hand; with Spec::policy they are the plan's policy.
struct PlanOptions {
  std::vector<std::string> only;  // address globs
  std::vector<std::string> exclude;
  std::vector<std::string> adopt;          // --adopt [GLOB]: adopt though fields differ ("*": any)
  std::vector<std::string> allow_destroy;  // addresses
  std::size_t allow_deletes = 0;
  std::set<std::string> accept_empty;  // scopes, as printed
  // These and no others: what a saved plan holds.
  std::optional<std::set<Address>> exactly = {};
};

// Values of secrets by name, for comparing only; an unavailable one carries why.
using SecretValues = std::map<std::string, Result<std::string>>;
// One-way and keyed; "hmac:..." See redact.hpp.
using SecretHash = std::function<std::string(std::string_view)>;

struct LoopRules;  // by_itself.hpp

struct PlanInput {
  const Spec& spec;
  const Observed& observed;
  const LedgerView& ledger;
  const PlanOptions& options;
  const std::map<std::string, const ProviderInfo*>& providers;  // by instance
  // Provider::canonical by instance; may be empty.
  const std::function<Attributes(const Address&, Attributes)>& canonical;
  const SecretValues& secrets;
  const SecretHash& hash;
  Time now;
  const LoopRules* loop = nullptr;  // what binds the loop; nullptr: a hand
};

// A field whose value cannot be known before something else was applied.
struct Pending {
  std::string pointer;  // JSON pointer
  std::vector<Address> after;
};

// A desired state with every open value filled that can be known now, and the plan made from it.
// The executor needs both: the plan says what happens, `desired` with which values.
struct Planned {
  Plan plan;
  Desired desired;  // resolved; reverse records included; values with secrets still as written
  std::map<Address, std::vector<Pending>> pending;
  // What `live` each address was compared with; points into PlanInput::observed.
  std::map<Address, const LiveResource*> live;
  // What is equal on both sides (and may be agreed on), less what is held: address -> paths.
  std::map<Address, std::vector<FieldPath>> in_sync;
};

// Errors: those that stop a run (addresses used twice, a pool that is exhausted, a circle of
// references), with places. Guard included.
[[nodiscard]] tl::expected<Planned, Errors> make_plan(const PlanInput& input);
// The same with a copy of `input.spec.desired` that the caller has made before, as it had to wait.
[[nodiscard]] tl::expected<Planned, Errors> make_plan(const PlanInput& input, Desired copy);

}  // namespace homeostat
