#include "reconciler/ledger_consent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reconciler/ledger_rows.hpp"

namespace homeostat {
namespace {

using nlohmann::json;
using State = Approval::State;

constexpr std::int64_t approvals_kept = 1000;  // that are over

constexpr std::array<std::pair<State, std::string_view>, 5> state_names{{
    {State::waiting, "waiting"},
    {State::approved, "approved"},
    {State::done, "done"},
    {State::failed, "failed"},
    {State::stale, "stale"},
}};

bool is_open(const Approval& approval) {
  return approval.state == State::waiting || approval.state == State::approved;
}

std::string encode(const std::vector<Address>& addresses) {
  json out = json::array();
  for (const Address& address : addresses) out.push_back(to_string(address));
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<std::vector<Address>> decode(std::string_view text) {
  const json from = json::parse(text, nullptr, false);
  std::vector<Address> addresses;
  if (!from.is_array()) return fail(ErrorKind::internal, "addresses that are no JSON");
  for (const json& item : from) {
    if (!item.is_string()) return fail(ErrorKind::internal, "an address that is no text");
    TRY_ASSIGN(addresses.emplace_back(), parse_address(item.get_ref<const std::string&>()));
  }
  return addresses;
}

Result<Approval> approval_at(const SqlRow& row) {
  Approval approval;
  approval.id = row.integer(0);
  approval.plan = row.text(1);
  TRY_ASSIGN(approval.addresses, decode(row.text(2)));
  approval.digest = row.text(3);
  approval.reason = row.text(4);
  approval.requested = time_at(row.integer(5));
  const auto* const state =
      std::ranges::find(state_names, row.text(6), &std::pair<State, std::string_view>::second);
  if (state == state_names.end()) return fail(ErrorKind::internal, "a state that is not known");
  approval.state = state->first;
  if (row.integer(7) != 0) approval.approved = time_at(row.integer(7));
  approval.by = row.text(8);
  if (row.integer(9) != 0) approval.ended = time_at(row.integer(9));
  approval.outcome = row.text(10);
  approval.pull_request = row.integer(11);
  return approval;
}

std::string what_became_of(const Approval& approval) {
  if (approval.pull_request != 0) {
    return fmt::format("pull request {} has moved on from commit {}, or is closed",
                       approval.pull_request, approval.plan);
  }
  switch (approval.state) {
    case State::done:
      return fmt::format("plan {} was approved and is done", approval.plan);
    case State::failed:
      return fmt::format("plan {} was approved and failed: {}", approval.plan, approval.outcome);
    case State::waiting:
    case State::approved:
    case State::stale:
      return fmt::format("plan {} is stale: what would be done is not the same any more",
                         approval.plan);
  }
  return {};
}

// As a new one, which waits.
Status put_question(Database& database, Approval& question, Time now) {
  TRY(
      database.run("INSERT INTO approvals(plan, addresses, digest, reason, requested, pull_request)"
                   " VALUES(?,?,?,?,?,?)",
                   {question.plan, encode(question.addresses), question.digest, question.reason,
                    seconds_of(now), question.pull_request}));
  question.id = database.last_id();
  question.requested = now;
  question.state = State::waiting;
  return database.run(
      "DELETE FROM approvals WHERE state NOT IN ('waiting', 'approved') AND id <= (SELECT id FROM"
      " approvals ORDER BY id DESC LIMIT 1 OFFSET ?)",
      {approvals_kept});
}

}  // namespace

std::string_view name_of(Approval::State state) {
  const auto* const found =
      std::ranges::find(state_names, state, &std::pair<State, std::string_view>::first);
  return found == state_names.end() ? std::string_view() : found->second;
}

Status read_approvals(Database& database, std::vector<Approval>& approvals) {
  return database.each(
      "SELECT id, plan, addresses, digest, reason, requested, state, approved, by, ended, outcome,"
      " pull_request FROM approvals ORDER BY id DESC",
      {}, [&](const SqlRow& row) -> Status {
        auto approval = approval_at(row);
        if (!approval) {
          return fail(ErrorKind::internal,
                      fmt::format("the ledger {} is damaged: approval {} has {}", database.path(),
                                  row.integer(0), approval.error().message),
                      damaged_hint(database.path()));
        }
        approvals.push_back(std::move(*approval));
        return {};
      });
}

Status ask_for_approval(Database& database, const std::optional<Approval>& wanted, Time now,
                        std::optional<Approval>& open) {
  std::vector<Approval> approvals;
  TRY(read_approvals(database, approvals));
  for (Approval& known : approvals) {
    if (!is_open(known) || known.pull_request != 0) continue;
    if (wanted && known.digest == wanted->digest && !open) {
      open = std::move(known);
    } else {
      TRY(end_approval(database, known.id, State::stale, "the plan has moved", now));
    }
  }
  if (!wanted || open) return {};
  open = *wanted;
  return put_question(database, *open, now);
}

Status ask_about_forks(Database& database, const std::vector<Approval>& wanted, Time now,
                       std::vector<Approval>& open) {
  std::vector<Approval> approvals;
  TRY(read_approvals(database, approvals));
  for (Approval& known : approvals) {
    if (!is_open(known) || known.pull_request == 0) continue;
    const auto same = [&known](const Approval& other) {
      return other.pull_request == known.pull_request && other.plan == known.plan;
    };
    if (std::ranges::any_of(wanted, same) && std::ranges::none_of(open, same)) {
      open.push_back(std::move(known));
    } else {
      TRY(end_approval(database, known.id, State::stale, "it has moved on, or is closed", now));
    }
  }
  for (const Approval& question : wanted) {
    const auto same = [&question](const Approval& other) {
      return other.pull_request == question.pull_request && other.plan == question.plan;
    };
    if (std::ranges::any_of(open, same)) continue;
    open.push_back(question);
    TRY(put_question(database, open.back(), now));
  }
  return {};
}

Status give_approval(Database& database, const std::string& plan, const std::string& by, Time at,
                     Approval& approved) {
  std::vector<Approval> approvals;
  TRY(read_approvals(database, approvals));
  std::erase_if(approvals, [&plan](const Approval& known) {
    return plan.size() < 4 || !known.plan.starts_with(plan);
  });
  if (approvals.empty()) {
    return fail(ErrorKind::not_found, fmt::format("nothing called {} waits for approval", plan),
                "see what waits with `homeostat approve`");
  }
  // Who can push to a fork can make a commit that begins as another does, and put it in its place
  // while somebody looks at the first: of commits that were asked about, all count.
  const auto is_whole = [&plan](const Approval& known) { return known.plan == plan; };
  if (std::ranges::any_of(approvals, is_whole)) {
    std::erase_if(approvals, [&](const Approval& known) { return !is_whole(known); });
  }
  const auto other = std::ranges::find_if(
      approvals, [&](const Approval& known) { return known.plan != approvals.front().plan; });
  if (other != approvals.end()) {
    return fail(ErrorKind::conflict,
                fmt::format("{} may mean {} or {}", plan, approvals.front().plan, other->plan),
                "write all digits");
  }
  const Approval* found = nullptr;
  for (Approval& known : approvals) {
    if (!is_open(known)) continue;
    if (known.state == State::waiting) {
      known.state = State::approved;
      known.approved = at;
      known.by = by;
      TRY(database.run("UPDATE approvals SET state = 'approved', approved = ?, by = ? WHERE id = ?",
                       {seconds_of(at), by, known.id}));
    }
    if (found == nullptr) found = &known;
  }
  if (found == nullptr) {
    return fail(ErrorKind::conflict, what_became_of(approvals.front()),
                "see what waits now with `homeostat approve`");
  }
  approved = *found;
  return {};
}

Status end_approval(Database& database, std::int64_t id, Approval::State state,
                    const std::string& outcome, Time at) {
  return database.run(
      "UPDATE approvals SET state = ?, outcome = ?, ended = ?"
      " WHERE id = ? AND state IN ('waiting', 'approved')",
      {name_of(state), outcome, seconds_of(at), id});
}

Status read_manual_holds(Database& database, std::vector<ManualHold>& holds) {
  return database.each("SELECT glob, reason, by, since FROM holds ORDER BY since, glob", {},
                       [&holds](const SqlRow& row) {
                         holds.push_back({.glob = std::string(row.text(0)),
                                          .reason = std::string(row.text(1)),
                                          .by = std::string(row.text(2)),
                                          .since = time_at(row.integer(3))});
                         return Status();
                       });
}

Status write_manual_hold(Database& database, const ManualHold& hold) {
  return database.run("INSERT OR REPLACE INTO holds(glob, reason, by, since) VALUES(?,?,?,?)",
                      {hold.glob, hold.reason, hold.by, seconds_of(hold.since)});
}

Status delete_manual_hold(Database& database, const std::string& glob, bool& was) {
  TRY(database.each("SELECT 1 FROM holds WHERE glob = ?", {glob}, [&was](const SqlRow&) {
    was = true;
    return Status();
  }));
  return database.run("DELETE FROM holds WHERE glob = ?", {glob});
}

}  // namespace homeostat
