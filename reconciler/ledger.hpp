// The ledger: one SQLite file a site. It remembers agreed values, native ids, observations and
// runs. Losing it loses history, never safety.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/ledger_view.hpp"
#include "reconciler/loop_memory.hpp"
#include "reconciler/observe.hpp"

namespace homeostat {

struct RunRecord {
  std::int64_t id = 0;
  std::string verb;  // apply, undo
  std::string commit;
  Time started = {};
  Time ended = {};
  int exit_code = -1;   // -1: it never ended
  std::string summary;  // the plan's last line
};
// The summary of a run whose process died. It ended when the next one found that out.
inline constexpr std::string_view cut_off_summary = "cut off";

// One value that a change was about. Secrets are redacted.
struct FieldRecord {
  FieldPath path;
  nlohmann::json before = {}, after = {};
  std::string cause = {};  // git, drift, "undo of run 12", ...
  std::string commit = {}, author = {};
  std::string by = {};  // drift: who
  bool secret = false;
  friend bool operator==(const FieldRecord&, const FieldRecord&) = default;
};

// What a change came to, beside the names of OutcomeKind.
inline constexpr std::string_view outcome_begun = "begun";  // nobody knows yet
inline constexpr std::string_view outcome_partly = "partly done";
inline constexpr std::string_view outcome_not_made = "not made";  // cut off before it took effect
inline constexpr std::string_view outcome_late = "did not converge";

// What one change of a run came to; kept for `history` and `undo`.
struct ChangeRecord {
  Address address;
  std::string action = {};
  std::string cause = {};    // of the change as a whole
  std::string outcome = {};  // done, failed, skipped, cancelled, or one of the above
  std::string message = {};
  std::string commit = {}, author = {};        // where no field has one: of the lines that went
  std::optional<Address> from = std::nullopt;  // a rename
  std::vector<FieldRecord> fields = {};
  Attributes before = nullptr;  // of what was removed or made anew
  Time at = {};
  friend bool operator==(const ChangeRecord&, const ChangeRecord&) = default;
};

// A run and what it changed.
struct RunHistory {
  RunRecord run;
  std::vector<ChangeRecord> changes;
};

// What a write came to.
struct EndedWrite {
  ChangeRecord change;
  std::optional<Owned> row = std::nullopt;  // ours from now on, forgotten no longer
  bool gone = false;                        // its row goes
  bool over = true;  // false: what it did is for a look to say, so the intent stays open
};

// One object a process; not thread-safe. All functions may fail on a full or broken disk.
class Ledger {
 public:
  // Opens `path`. `create` = true: for writing; file (0600) and folders (0700) are made where they
  // are absent. `create` = false: for reading; every write is refused, nothing is created or
  // locked, an absent file gives a view that is not `present`. Newer schemas than ours are refused.
  // For writing, the whole file is checked, indexes too (SQLite's integrity_check).
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
  // The newest first: runs that changed something, of one address (under any name that it had) if
  // it is given.
  [[nodiscard]] Result<std::vector<RunHistory>> history(const std::optional<Address>& address,
                                                        std::size_t limit) const;
  [[nodiscard]] Result<std::optional<RunHistory>> run(std::int64_t id) const;

  // Rows are replaced as a whole; an unchanged row is not written. All in one transaction.
  [[nodiscard]] Status save_owned(const std::map<Address, Owned>& rows);
  [[nodiscard]] Status remove_owned(const std::vector<Address>& addresses);
  [[nodiscard]] Status save_forgotten(const Address& address, bool forgotten);
  [[nodiscard]] Status confirm_full_zone(const std::string& zone_key);
  // Secrets must be hashed by the caller (redact.hpp). Unknown scopes keep their last observation.
  [[nodiscard]] Status save_observation(const Observed& observed);
  // These rows, and those that go: what a hand says meanwhile of others (`resume`) stands.
  [[nodiscard]] Status save_tried(const std::map<Address, Tried>& rows,
                                  const std::vector<Address>& gone);
  [[nodiscard]] Status save_suspended(const std::map<Address, Suspension>& rows,
                                      const std::vector<Address>& gone);
  // What is to be known of the file itself, by name; "" where there is none, and to remove it.
  [[nodiscard]] Result<std::string> note(const std::string& name) const;
  [[nodiscard]] Status save_note(const std::string& name, const std::string& value);

  // The last 1,000 runs are kept, and those with open intents. `id`, `ended`, `exit_code` and
  // `summary` are not looked at. Runs that never ended are dead: the caller holds the site's lock.
  [[nodiscard]] Result<std::int64_t> begin_run(const RunRecord& run);
  // On the disk when it returns: then the writes may begin. `changes`: of these intents, as
  // history tells them until their end is known.
  [[nodiscard]] Status begin_writes(std::int64_t run, const std::map<Address, Intent>& intents,
                                    const std::vector<ChangeRecord>& changes = {});
  // All or nothing. On the disk by the next begin_writes() or end_run(): what a power cut takes
  // before that is an intent that is still open, and is found out by looking.
  [[nodiscard]] Status end_write(std::int64_t run, const EndedWrite& ended);
  // What open intents came to, in history too. Runs that never ended are dead, but for the
  // caller's own one (0: it has none): they ended at `at`. The caller holds the site's lock.
  [[nodiscard]] Status settle(const Settled& settled, std::int64_t own_run, Time at);
  // What was written and does not read back, each with what is to be said of it.
  [[nodiscard]] Status mark_late(std::int64_t run, const std::map<Address, std::string>& late);
  [[nodiscard]] Status end_run(std::int64_t run, int exit_code, const std::string& summary,
                               Time at);

  // The loop's memory. By number: those that are open or were opened at or after `since`, and the
  // newest one. The last 1,000 closed ones are kept.
  [[nodiscard]] Result<std::vector<Incident>> incidents(Time since) const;
  [[nodiscard]] Result<std::map<std::string, Time>> report_runs() const;
  // All or nothing, so that no incident is known and untold, nor told and unknown.
  [[nodiscard]] Status tell(const Telling& telling);
  // What waits for a notifier, in the order in which it is to be sent. Of what is over, the last
  // 1,000 are kept, and the last one of each notifier.
  [[nodiscard]] Result<std::vector<Waiting>> outbox(const std::string& notifier) const;
  [[nodiscard]] Result<std::map<std::string, NotifierState>> notifiers() const;
  // Each is one more attempt; of what is over already they change nothing.
  [[nodiscard]] Status mark_sent(std::int64_t message, Time at);
  [[nodiscard]] Status mark_failed(std::int64_t message, Time at, const std::string& error);
  [[nodiscard]] Status put_off(std::int64_t message, Time until, const std::string& error);

  // The newest first.
  [[nodiscard]] Result<std::vector<Approval>> approvals() const;
  // What has to be asked now, nullopt: nothing. The open question with this digest stays as it is
  // and is returned; any other one is stale from now on; a new one is put.
  [[nodiscard]] Result<std::optional<Approval>> ask(const std::optional<Approval>& wanted,
                                                    Time now);
  // Likewise of all pull requests of forks at once: what is not wanted any more is stale. Those
  // that are open.
  [[nodiscard]] Result<std::vector<Approval>> ask_about_forks(const std::vector<Approval>& wanted,
                                                              Time now);
  // By the plan's id, or the commit's, or its first digits (4 or more). Twice is once. `conflict`:
  // it is stale, or over, or these digits may mean, or have meant, several; `not_found`: there was
  // none.
  [[nodiscard]] Result<Approval> approve(const std::string& plan, const std::string& by, Time at);
  // `state`: done, failed or stale.
  [[nodiscard]] Status end_approval(std::int64_t id, Approval::State state,
                                    const std::string& outcome, Time at);
  // Suspended by hand, the oldest first; one a glob, the last word counts.
  [[nodiscard]] Result<std::vector<ManualHold>> manual_holds() const;
  [[nodiscard]] Status hold(const ManualHold& hold);
  [[nodiscard]] Result<bool> release(const std::string& glob);  // false: there was none

 private:
  struct State;
  explicit Ledger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Whether an error of this ledger means that its file is damaged, so that no later try can help.
[[nodiscard]] bool is_damage(const Error& error, const std::string& path);

}  // namespace homeostat
