// One round, from the first value to the last: load -> observe -> plan -> report or apply ->
// verify. Read this first: everything else in this folder is one of its steps.
#pragma once

#include <optional>
#include <string>

#include "reconciler/by_itself.hpp"
#include "reconciler/execute.hpp"
#include "reconciler/ledger.hpp"
#include "reconciler/places.hpp"
#include "reconciler/plan.hpp"
#include "reconciler/trust.hpp"

namespace homeostat {

// What was seen before stands for what is not looked at again.
struct Partly {
  std::shared_ptr<const Observed> seen;
  std::set<Scope> scopes;  // to be looked at; what was unknown is too
};

struct Request {
  std::string folder = ".";
  std::string rev;          // "": the work tree as it lies
  std::string path;         // folder inside `rev`'s tree, for bare repositories
  std::string ledger_path;  // "": where find_places() says
  PlanOptions options;
  bool offline = false;   // against the last observation
  bool record = false;    // the ledger is made where it is absent, and may be written
  std::string full_zone;  // planned as if this zone's `authority: full` were confirmed
  // The caller holds the site's lock and records: a damaged ledger is set aside, and what a dead
  // run left open is settled in it.
  bool locked = false;
  bool whole = false;  // not set aside even so: who cannot go on without it gets an error
  std::map<Address, Suspension> suspend;         // besides those that the ledger knows
  std::optional<LoopRules> loop = std::nullopt;  // set: nobody's hand, but the loop
  std::optional<Partly> partly = std::nullopt;
  // What every wait of the round is made of: before another try, for what reads stale. Empty
  // functions: the real clock.
  Timing timing = {};
};

// All values of a round. Nothing is read again after look().
struct Round {
  Request request;
  Spec spec;
  Places places;
  std::optional<Ledger> ledger;  // absent where there is none and none was to be made
  LedgerView memory;
  Verdict verdict;  // on the connections; `spec` says what is trusted, not what the revision says
  Errors notices;   // what was lost of the memory; warnings of the plan
  bool damaged = false;     // the ledger cannot be read: what was agreed is not known
  std::size_t cut_off = 0;  // writes of a run that died, settled by looking
  bool at_work = false;     // somebody else holds the lock, and open writes are his
  std::map<std::string, const ProviderInfo*> infos;  // by instance
  Providers providers;
  std::map<std::string, CallCounts> calls;  // of the providers that were open before these
  Observed observed;
  SecretValues secrets;
  SecretHash hash;
  Planned planned;
};

// Reads the spec alone: what `validate` needs. Also the errors that only show when addresses are
// given out by rule.
[[nodiscard]] tl::expected<Spec, Errors> load(const Request& request);

// A spec as far as it takes effect on this machine.
struct Judged {
  Spec spec;        // says what is trusted, not what the revision says
  Verdict verdict;  // on its connections
};
// Whose everything is that `provider check` makes, and removes: no spec of a repository may call
// itself so, or a check elsewhere would take what is its own for leftovers.
inline constexpr std::string_view check_site = "homeostat-check";

// Reads the spec, and what is trusted of it here.
[[nodiscard]] tl::expected<Judged, Errors> load_judged(const Request& request);

// Everything up to the plan with its causes. Providers are opened so that they refuse to write;
// with `record` an absent ledger is made.
[[nodiscard]] tl::expected<Round, Errors> look(const Request& request, std::stop_token stop);
// The same for a spec that the caller has read; of the request, folder, rev and path mean nothing.
[[nodiscard]] tl::expected<Round, Errors> look(Judged judged, const Request& request,
                                               std::stop_token stop);

// The plan of what look() saw, with the round's options as they are now.
[[nodiscard]] tl::expected<Planned, Errors> plan_again(const Round& round);

struct ApplyHooks {
  std::function<void(Progress, const Change&, const Outcome*)> on_progress = {};
  bool by_service = false;
};
struct Applied {
  std::vector<Outcome> outcomes;
  Planned after;                         // planned again on what is live now
  std::vector<const Change*> lingering;  // into after.plan: written, but does not read back
  Errors errors;                         // of the ledger
  bool looked_again = true;              // false: cancelled; `after` is the plan that was begun
};
// Opens the providers for writing, executes the round's plan, observes what it touched again (for
// up to 10 s, since servers may read stale), and records runs and agreement. What does not read
// back three times in a row is stuck. Needs a round made with `record`.
[[nodiscard]] Applied apply(Round& round, const ApplyHooks& hooks, std::stop_token stop,
                            std::stop_token cancel);

// Records what is equal on both sides now, and since when what is not. Quiet adopts become ours
// only where `adopt` is set.
[[nodiscard]] Status record_agreement(Round& round, const Planned& planned, bool adopt);

// The wall clock; the only place where it is read.
[[nodiscard]] Time now();

}  // namespace homeostat
