// The ledger: one SQLite file a site. It remembers agreed values, native ids, observations and
// runs. Losing it loses history, never safety.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/ledger_view.hpp"
#include "reconciler/observe.hpp"

namespace homeostat {

struct RunRecord {
  std::int64_t id = 0;
  std::string verb;  // apply, drift
  std::string commit;
  Time started = {};
  Time ended = {};
  int exit_code = -1;   // -1: it never ended
  std::string summary;  // the plan's last line
};

// What one change of a run came to; kept for `history`.
struct ChangeRecord {
  Address address;
  std::string action;
  std::string cause;    // JSON of FieldDiffs, redacted
  std::string outcome;  // done, failed, skipped
  std::string message;
};

// One object a process; not thread-safe. All functions may fail on a full or broken disk.
class Ledger {
 public:
  // Opens `path`. `create` = true: for writing; file (0600) and folders (0700) are made where they
  // are absent. `create` = false: for reading; every write is refused, nothing is created or
  // locked, an absent file gives a view that is not `present`. Newer schemas than ours are refused.
  [[nodiscard]] static Result<Ledger> open(const std::string& path, bool create);
  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  ~Ledger();

  // `present` from the first run or owned resource on: a new file has nothing to say yet.
  [[nodiscard]] Result<LedgerView> view() const;
  [[nodiscard]] Result<Observed> last_observation() const;  // for --offline
  [[nodiscard]] Result<std::optional<RunRecord>> last_run() const;

  // Rows are replaced as a whole; an unchanged row is not written. All in one transaction.
  [[nodiscard]] Status save_owned(const std::map<Address, Owned>& rows);
  [[nodiscard]] Status remove_owned(const std::vector<Address>& addresses);
  [[nodiscard]] Status rename_owned(const Address& from, const Address& to);
  [[nodiscard]] Status save_forgotten(const Address& address, bool forgotten);
  [[nodiscard]] Status confirm_full_zone(const std::string& zone_key);
  // Secrets must be hashed by the caller (redact.hpp). Unknown scopes keep their last observation.
  [[nodiscard]] Status save_observation(const Observed& observed);
  // The last 1,000 runs are kept. `id`, `ended`, `exit_code` and `summary` are not looked at.
  [[nodiscard]] Result<std::int64_t> begin_run(const RunRecord& run);
  [[nodiscard]] Status record_change(std::int64_t run, const ChangeRecord& change);
  [[nodiscard]] Status end_run(std::int64_t run, int exit_code, const std::string& summary,
                               Time at);

 private:
  struct State;
  explicit Ledger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace homeostat
