#include "providers/powerdns/write.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "providers/core/failpoint.hpp"

namespace homeostat::powerdns {
namespace {

using Results = std::vector<Result<StepResult>>;

constexpr int max_looks = 3;
// A server that refuses so many refuses all.
constexpr int max_refusals = 100;

// The steps on one name.
struct Group {
  std::string name;
  std::vector<std::size_t> steps;
  std::string changes;  // elements of `rrsets`, with commas between; "" = nothing to be written
};

std::string body_of(std::span<const Group* const> groups) {
  std::string body = "{\"rrsets\":[";
  for (const Group* group : groups) {
    if (body.back() != '[') body += ',';
    body += group->changes;
  }
  return body + "]}";
}

bool no_comments(const Error& error) {
  return error.message.find("does not support editing comments") != std::string::npos;
}
// Whatever is sent, it will be refused.
bool read_only_backend(const Error& error) {
  return error.message.find("does not support editing records") != std::string::npos;
}

// "Record bad.lab.test./A '...'", "RRset web.lab.test. IN CNAME: ..."
bool is_named(const Error& error, const Group& group) {
  const std::string name = ' ' + absolute(group.name);
  return error.message.find(name + '/') != std::string::npos ||
         error.message.find(name + " IN ") != std::string::npos;
}

class ZoneWrite {
 public:
  ZoneWrite(const Api& api, const ZonePlace& place, std::span<const Step> steps,
            std::atomic<bool>& comments, const std::stop_token& stop)
      : api_(api),
        place_(place),
        steps_(steps),
        comments_(comments),
        stop_(stop),
        results_(steps.size()) {}

  Results run() {
    name_steps();
    const bool none = std::all_of(results_.begin(), results_.end(),
                                  [](const auto& result) { return result.has_value(); });
    const Status written = none ? Status() : write();
    Results results;
    results.reserve(results_.size());
    for (auto& result : results_) {
      if (result) {
        results.push_back(std::move(*result));
      } else {
        results.push_back(tl::unexpected(written ? not_reached() : written.error()));
      }
    }
    return results;
  }

 private:
  static Error not_reached() {
    return Error{ErrorKind::cancelled, "stopped before it was written", {}, {}, {}};
  }

  void settle(std::size_t step, Result<StepResult> result) { results_[step] = std::move(result); }
  void settle(const Group& group, const Error& error) {
    for (const std::size_t step : group.steps) settle(step, tl::unexpected(error));
  }

  void name_steps() {
    names_.resize(steps_.size());
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      auto set = set_of(steps_[i], place_);
      if (set) {
        names_[i] = std::move(*set);
      } else {
        settle(i, tl::unexpected(std::move(set).error()));
      }
    }
  }

  // A backend without comments is found out by the first write; then all is made up anew.
  Status write() {
    TRY(look());
    failpoint("powerdns.after_look");
    while (true) {
      const bool with_comments = comments_;
      still_wanted_ = true;
      make_groups(with_comments);
      TRY(send_all());
      if (with_comments == comments_) return {};
    }
  }

  Status look() {
    for (int looks = 1;; ++looks) {
      TRY(look_once());
      if (looks == max_looks) return {};
      // Reading a large zone takes long enough for somebody else to write to it.
      TRY_ASSIGN(const std::int64_t serial, api_.serial(place_.name, stop_));
      if (serial == zone_.serial) return {};
    }
  }

  // All of it, for one name too: what is asked for by `rrset_name` comes, with 4.7, without the
  // records that are switched off, and a set is written as a whole.
  Status look_once() {
    TRY_ASSIGN(zone_, api_.zone(place_.name, stop_));
    TRY(check_kind(zone_, place_.name));
    serial_ = zone_.serial;
    current_.clear();
    for (const RecordSet& set : zone_.sets) current_[SetName{set.name, set.type}] = &set;
    return {};
  }

  [[nodiscard]] const RecordSet* current(std::size_t step) const {
    const auto found = current_.find(names_[step]);
    return found == current_.end() ? nullptr : found->second;
  }

  // Of all steps that have no result yet.
  void make_groups(bool with_comments) {
    groups_.clear();
    std::map<std::string_view, std::size_t> by_name;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (results_[i]) continue;
      const auto [found, fresh] = by_name.emplace(names_[i].name, groups_.size());
      if (fresh) groups_.push_back(Group{names_[i].name, {}, {}});
      groups_[found->second].steps.push_back(i);
    }
    entries_.assign(steps_.size(), Entry{});
    for (Group& group : groups_) fill(group, with_comments);
    std::erase_if(groups_, [](const Group& group) { return group.changes.empty(); });
  }

  void fill(Group& group, bool with_comments) {
    for (const std::size_t i : group.steps) {
      auto entry = make_entry(steps_[i], current(i), place_, with_comments);
      if (entry) {
        entries_[i] = std::move(*entry);
        continue;
      }
      const Error behind{
          ErrorKind::cancelled, "another change at its name cannot be made", {}, {}, {}};
      settle(group, behind);
      settle(i, tl::unexpected(std::move(entry).error()));
      return;
    }
    std::vector<std::string> deletes;
    std::vector<std::string> others;
    for (const std::size_t i : group.steps) {
      const nlohmann::json& change = entries_[i].change;
      if (change.is_null()) continue;
      (change["changetype"] == "DELETE" ? deletes : others).push_back(change.dump());
    }
    deletes.insert(deletes.end(), others.begin(), others.end());
    group.changes = fmt::format("{}", fmt::join(deletes, ","));
    if (group.changes.empty()) finish(group);
  }

  void finish(const Group& group) {
    for (const std::size_t i : group.steps) settle(i, std::move(entries_[i].result));
  }

  Status send_all() {
    std::vector<const Group*> pack;
    std::size_t bytes = 0;
    for (const Group& group : groups_) {
      if (!pack.empty() && bytes + group.changes.size() > max_patch_bytes) {
        TRY(send(pack));
        pack.clear();
        bytes = 0;
      }
      pack.push_back(&group);
      bytes += group.changes.size() + 1;
    }
    return send(pack);
  }

  // All of them; what the server refuses is narrowed down. Error: none of the rest can be written.
  Status send(const std::vector<const Group*>& groups) {
    if (groups.empty() || !still_wanted_) return {};
    if (stop_.stop_requested()) return tl::unexpected(not_reached());
    failpoint("powerdns.before_patch");
    const Result<Serials> answer = api_.patch(place_.name, body_of(groups), stop_);
    failpoint("powerdns.after_patch");
    if (answer) {
      accept(groups, *answer);
      return {};
    }
    const Error& error = answer.error();
    if (error.kind != ErrorKind::invalid_spec || read_only_backend(error)) {
      return tl::unexpected(error);
    }
    if (no_comments(error) && comments_.exchange(false)) {
      still_wanted_ = false;
      return {};
    }
    return narrow_down(groups, error);
  }

  Status narrow_down(const std::vector<const Group*>& groups, const Error& error) {
    if (++refusals_ > max_refusals) return tl::unexpected(error);
    std::vector<const Group*> rest;
    for (const Group* group : groups) {
      if (groups.size() == 1 || is_named(error, *group)) {
        settle(*group, error);
      } else {
        rest.push_back(group);
      }
    }
    if (rest.size() < groups.size()) return send(rest);
    const auto middle = rest.begin() + static_cast<std::ptrdiff_t>(rest.size() / 2);
    TRY(send({rest.begin(), middle}));
    return send({middle, rest.end()});
  }

  void accept(const std::vector<const Group*>& groups, const Serials& answer) {
    const bool alone = is_next_serial(serial_, zone_.soa_edit_api, answer);
    const std::int64_t known = serial_;
    serial_ = answer.after.value_or(serial_);
    for (const Group* group : groups) {
      if (alone) {
        finish(*group);
        continue;
      }
      settle(*group, Error{ErrorKind::conflict,
                           fmt::format("somebody else wrote to zone {} in the same moment (serial "
                                       "{} became {}), perhaps to this record",
                                       place_.name, known, serial_),
                           "plan again",
                           {},
                           {}});
    }
  }

  const Api& api_;
  const ZonePlace& place_;
  const std::span<const Step> steps_;
  std::atomic<bool>& comments_;
  const std::stop_token& stop_;
  std::vector<SetName> names_;                              // by step
  std::vector<std::optional<Result<StepResult>>> results_;  // by step
  std::vector<Entry> entries_;                              // by step
  ZoneAnswer zone_;
  std::map<SetName, const RecordSet*> current_;  // into zone_
  std::vector<Group> groups_;
  std::int64_t serial_ = 0;
  int refusals_ = 0;
  bool still_wanted_ = true;  // what was made up can be sent
};

}  // namespace

bool is_next_serial(std::int64_t known, const std::string& soa_edit_api, const Serials& answered) {
  if (!answered.before || !answered.after) return true;
  if (*answered.before != *answered.after) return *answered.before == known;
  // 4.7 says the new one twice. DEFAULT is YYYYMMDDnn: the first of a day is a jump.
  if (soa_edit_api != "DEFAULT" && soa_edit_api != "INCREASE") return true;
  const bool first_of_a_day = *answered.after % 100 == 1 && *answered.after / 100 > known / 100;
  return *answered.after <= known + 1 || (soa_edit_api == "DEFAULT" && first_of_a_day);
}

std::vector<Result<StepResult>> write_zone(const Api& api, const ZonePlace& place,
                                           std::span<const Step> steps, std::atomic<bool>& comments,
                                           const std::stop_token& stop) {
  return ZoneWrite(api, place, steps, comments, stop).run();
}

}  // namespace homeostat::powerdns
