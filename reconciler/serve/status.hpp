// What a running service knows of itself, as plain values: the loop fills them, the web server
// shows them. Nothing here may hold a secret.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "providers/core/provider.hpp"
#include "reconciler/ledger.hpp"

namespace homeostat {

// In the order in which they are shown.
enum class ResourceState : std::uint8_t {
  in_sync,
  differs,  // git moved
  drift,    // somebody else did
  blocked,  // held back by the guard, or until it is approved
  waiting,  // for its window, for heal_after, for `homeostat resume`
  unknown,  // could not be observed
  stuck     // written three times without effect
};
[[nodiscard]] std::string_view name_of(ResourceState state);  // "in_sync"
[[nodiscard]] std::vector<ResourceState> resource_states();   // all of them

struct CommitStatus {
  std::string commit = {};  // 40 hex digits
  std::string subject = {};
  std::string author = {};
  Time at = {};  // when it was written
};

struct RefusedCommit {
  CommitStatus commit = {};
  std::string why = {};
};

struct RunStatus {
  std::int64_t id = 0;
  Time started = {};
  std::optional<Time> ended = {};
  int exit_code = 0;  // 0, 1, 2, 3; means nothing before the end
  std::string summary = {};
};

struct ScopeStatus {
  std::string scope = {};       // "pve", "dns/lab"
  std::string why = {};         // it could not be observed; "": it was
  std::optional<Time> at = {};  // when it was last observed
};

// How long runs took.
struct Durations {
  static constexpr std::array<double, 10> bounds = {0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800};
  std::array<std::uint64_t, bounds.size() + 1> counts = {};  // up to each bound; the last: above
  double sum = 0;                                            // seconds

  void add(double seconds);
  [[nodiscard]] std::uint64_t count() const;
};

struct SiteStatus {
  std::string site = {};
  bool ready = false;  // it has been looked at once
  std::string mode = "report";
  std::optional<CommitStatus> good = {};      // the commit in force
  std::optional<RefusedCommit> refused = {};  // a newer one that is not
  std::string remote_error = {};              // why the remote could not be asked; "": it could
  std::optional<std::string> suspended = {};  // with its reason
  std::optional<Time> looked = {};
  std::optional<Time> next_look = {};
  std::optional<RunStatus> last_run = {};
  std::map<ResourceState, std::size_t> resources = {};
  std::vector<ScopeStatus> scopes = {};
  std::map<std::string, std::size_t> incidents = {};  // open ones, by kind
  std::size_t outbox = 0;                             // messages that are not delivered yet
  std::size_t approvals = 0;                          // that somebody is asked for
  std::map<std::string, std::uint64_t> runs =
      {};  // since the start, by outcome: "applied", "failed"
  Durations durations = {};
  std::map<std::string, CallCounts> providers = {};  // since the start, by instance
};

struct ServiceStatus {
  std::string version = {};
  Time started = {};
  Time moved = {};  // when the loop last said that it lives
  std::vector<SiteStatus> sites = {};

  [[nodiscard]] const SiteStatus* find(const std::string& site) const;  // nullptr: none
};

// What the loop writes and the server reads.
class StatusBoard {
 public:
  template <class Change>
  void change(const Change& change) {
    const std::lock_guard lock(mutex_);
    change(status_);
  }
  [[nodiscard]] ServiceStatus read() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  mutable std::mutex mutex_;
  ServiceStatus status_;  // guarded by mutex_
};

// One row a resource, for /api/v1/resources.
struct ResourceRow {
  std::string site = {};
  std::string address = {};  // in full, as in JSON everywhere
  ResourceState state = ResourceState::in_sync;
  std::string service = {};
  std::string text = {};           // why it is in this state, one line; "" where in sync
  std::optional<Time> since = {};  // drift: since it is known
  std::string by = {};             // drift: who
};

struct IncidentRow {
  std::int64_t id = 0;
  std::string site = {};
  std::string kind = {};  // "drift", "failed", ...
  std::string title = {};
  std::string details = {};
  std::string by = {};
  Time since = {};  // of what is wrong
  Time opened = {};
  std::optional<Time> closed = {};
};

struct RunRow {
  std::string site = {};
  RunHistory run = {};
};

// As openapi.json describes them.
[[nodiscard]] nlohmann::json to_json(const ServiceStatus& status);
[[nodiscard]] nlohmann::json to_json(const SiteStatus& status);
[[nodiscard]] nlohmann::json to_json(const ResourceRow& row);
[[nodiscard]] nlohmann::json to_json(const IncidentRow& row);
[[nodiscard]] nlohmann::json to_json(const RunRow& row);

}  // namespace homeostat
