#include "reconciler/ledger.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "providers/core/failpoint.hpp"
#include "reconciler/ledger_consent.hpp"
#include "reconciler/ledger_history.hpp"
#include "reconciler/ledger_loop.hpp"
#include "reconciler/ledger_rows.hpp"
#include "reconciler/ledger_schema.hpp"
#include "reconciler/ledger_tables.hpp"
#include "reconciler/places.hpp"

namespace homeostat {
namespace {

constexpr std::int64_t runs_kept = 1000;

// Whether a file has been written since: what the file system says of it and of its journals.
struct Stamp {
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  std::int64_t size = 0;
  std::uint64_t inode = 0;
  bool busy = false;  // a journal lies beside it: the file alone is not the whole truth
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

std::optional<Stamp> stamp_of(const std::string& path) {
  struct stat file = {};
  if (::stat(path.c_str(), &file) != 0) return std::nullopt;
  Stamp stamp{file.st_mtim.tv_sec, file.st_mtim.tv_nsec, file.st_size, file.st_ino, false};
  for (const char* journal : {"-wal", "-journal"}) {
    struct stat beside = {};
    const bool exists = ::stat((path + journal).c_str(), &beside) == 0;
    stamp.busy = stamp.busy || (exists && beside.st_size > 0);
  }
  return stamp;
}

// SQLite would make it readable for everybody. Closing a descriptor of a file that this process has
// open elsewhere drops its locks, hence only one that has just been made.
// Where that fails, SQLite says why when it opens the file.
void make_private_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) ::close(file);
  failpoint("ledger.after_file");
}

}  // namespace

struct Ledger::State {
  std::string path;
  bool writable = false;
  std::optional<Database> database = std::nullopt;  // none: there is no ledger
  std::optional<Stamp> frozen = std::nullopt;       // read as it lies, as long as it lies so

  // A file that nobody writes is read without a lock, and without the -wal and -shm files that
  // SQLite would leave behind: planning writes nothing, and works in a folder it may not write to.
  Status open_for_reading(bool as_it_lies) {
    const auto stamp = stamp_of(path);
    if (!stamp) return {};
    frozen.reset();
    if (as_it_lies && !stamp->busy) frozen = stamp;
    TRY_ASSIGN(auto opened,
               Database::open(path, frozen ? Database::Access::frozen : Database::Access::read));
    TRY_ASSIGN(const auto schema, schema_state(opened));
    if (schema == SchemaState::older) {
      TRY_ASSIGN(auto copy, Database::open(path, Database::Access::memory));
      TRY(opened.copy_to(copy));
      TRY(migrate(copy));
      opened = std::move(copy);
    }
    if (schema != SchemaState::empty) database = std::move(opened);
    return {};
  }

  // `work` may be called twice, and starts from nothing each time.
  Status read(const std::function<Status()>& work) {
    if (!database) return {};
    Status done = database->transaction(Database::Begin::reading, work);
    if (!frozen || stamp_of(path) == frozen) return done;
    // Somebody wrote meanwhile, so what was read may be half old and half new.
    TRY(open_for_reading(false));
    if (!database) return {};
    return database->transaction(Database::Begin::reading, work);
  }

  // What `fill` puts into an empty value.
  template <class Value, class Fill>
  Result<Value> value_of(const Fill& fill) {
    Value value = {};
    TRY(read([&] {
      value = {};
      return fill(*database, value);
    }));
    return value;
  }

  Status write(const std::function<Status()>& work, Database::Sync sync = Database::Sync::at_once) {
    if (!writable) {
      return fail(ErrorKind::internal,
                  fmt::format("the ledger {} was opened for reading only", path));
    }
    TRY(database->sync(sync));
    return database->transaction(Database::Begin::writing, work);
  }
};

Ledger::Ledger(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

Result<Ledger> Ledger::open(const std::string& path, bool create) {
  auto state = std::make_unique<State>(State{path, create});
  if (!create) {
    auto opened = state->open_for_reading(true);
    // Written while it was opened: only SQLite's locks give a consistent view.
    if (!opened && state->frozen && stamp_of(path) != state->frozen) {
      opened = state->open_for_reading(false);
    }
    if (!opened) return tl::unexpected(opened.error());
    return Ledger(std::move(state));
  }
  TRY(make_private_folders(folder_of(path)));
  make_private_file(path);
  TRY_ASSIGN(state->database, Database::open(path, Database::Access::write));
  TRY_ASSIGN(const auto schema, schema_state(*state->database));
  if (schema != SchemaState::current) {
    TRY(migrate(*state->database));
  }
  TRY(state->database->check());
  return Ledger(std::move(state));
}

Result<LedgerView> Ledger::view() const { return state_->value_of<LedgerView>(read_view); }

Result<Observed> Ledger::last_observation() const {
  return state_->value_of<Observed>(read_observed);
}

Result<std::optional<RunRecord>> Ledger::last_run() const {
  return state_->value_of<std::optional<RunRecord>>([](Database& database, auto& run) {
    return database.each(
        "SELECT id, verb, commit_hash, started, ended, exit_code, summary FROM runs"
        " ORDER BY id DESC LIMIT 1",
        {}, [&run](const SqlRow& row) {
          run = run_at(row);
          return Status();
        });
  });
}

Result<std::vector<RunHistory>> Ledger::history(const std::optional<Address>& address,
                                                std::size_t limit) const {
  return state_->value_of<std::vector<RunHistory>>([&](Database& database, auto& runs) {
    return read_history(database, {.address = address, .limit = limit}, runs);
  });
}

Result<std::optional<RunHistory>> Ledger::run(std::int64_t id) const {
  TRY_ASSIGN(auto runs,
             state_->value_of<std::vector<RunHistory>>([&](Database& database, auto& all) {
               return read_history(database, {.run = id}, all);
             }));
  if (runs.empty()) return std::optional<RunHistory>();
  return std::optional(std::move(runs.front()));
}

Status Ledger::save_owned(const std::map<Address, Owned>& rows) {
  return state_->write([&] { return write_owned(*state_->database, rows); });
}

Status Ledger::remove_owned(const std::vector<Address>& addresses) {
  return state_->write([&]() -> Status {
    for (const Address& gone : addresses) {
      TRY(delete_owned(*state_->database, gone));
    }
    return {};
  });
}

Status Ledger::save_forgotten(const Address& address, bool forgotten) {
  return state_->write([&] { return write_forgotten(*state_->database, address, forgotten); });
}

Status Ledger::confirm_full_zone(const std::string& zone_key) {
  return state_->write([&] {
    return state_->database->run("INSERT OR IGNORE INTO full_zones VALUES(?)", {zone_key});
  });
}

Result<std::string> Ledger::note(const std::string& name) const {
  return state_->value_of<std::string>([&name](Database& database, std::string& value) {
    return database.each("SELECT value FROM notes WHERE name = ?", {name},
                         [&value](const SqlRow& row) {
                           value = row.text(0);
                           return Status();
                         });
  });
}

Status Ledger::save_tried(const std::map<Address, Tried>& rows, const std::vector<Address>& gone) {
  return state_->write([&] { return write_tried(*state_->database, rows, gone); });
}

Status Ledger::save_suspended(const std::map<Address, Suspension>& rows,
                              const std::vector<Address>& gone) {
  return state_->write([&] { return write_suspended(*state_->database, rows, gone); });
}

Status Ledger::save_note(const std::string& name, const std::string& value) {
  return state_->write([&]() -> Status {
    if (value.empty()) {
      return state_->database->run("DELETE FROM notes WHERE name = ?", {name});
    }
    return state_->database->run("INSERT OR REPLACE INTO notes VALUES(?,?)", {name, value});
  });
}

Status Ledger::save_observation(const Observed& observed) {
  return state_->write([&] { return write_observed(*state_->database, observed); });
}

Result<std::int64_t> Ledger::begin_run(const RunRecord& run) {
  std::int64_t id = 0;
  const auto work = [&]() -> Status {
    Database& database = *state_->database;
    TRY(close_dead_runs(database, 0, run.started));
    TRY(database.run("INSERT INTO runs(verb, commit_hash, started) VALUES(?,?,?)",
                     {run.verb, run.commit, seconds_of(run.started)}));
    id = database.last_id();
    return database.run(
        "DELETE FROM runs WHERE id NOT IN (SELECT id FROM runs ORDER BY id DESC LIMIT ?)"
        " AND id NOT IN (SELECT run FROM intents)",
        {runs_kept});
  };
  TRY(state_->write(work));
  return id;
}

Status Ledger::begin_writes(std::int64_t run, const std::map<Address, Intent>& intents,
                            const std::vector<ChangeRecord>& changes) {
  return state_->write([&]() -> Status {
    for (const ChangeRecord& change : changes) {
      TRY(write_change(*state_->database, run, change));
    }
    return write_intents(*state_->database, run, intents);
  });
}

Status Ledger::end_write(std::int64_t run, const EndedWrite& ended) {
  const ChangeRecord& change = ended.change;
  const auto work = [&]() -> Status {
    Database& database = *state_->database;
    TRY(write_change(database, run, change));
    if (change.from && (ended.row || ended.gone)) {
      TRY(delete_owned(database, *change.from));
    }
    failpoint("ledger.in_result");
    if (ended.gone) {
      TRY(delete_owned(database, change.address));
    }
    if (ended.row) {
      TRY(write_owned(database, {{change.address, *ended.row}}));
      TRY(write_forgotten(database, change.address, false));
    }
    return ended.over ? delete_intent(database, change.address) : Status();
  };
  return state_->write(work, Database::Sync::later);
}

Status Ledger::settle(const Settled& settled, std::int64_t own_run, Time at) {
  return state_->write([&]() -> Status {
    Database& database = *state_->database;
    for (const Address& address : settled.gone) {
      TRY(delete_owned(database, address));
    }
    for (const auto& [address, answer] : settled.over) {
      TRY(write_answer(database, address, answer, own_run, at));
      TRY(delete_intent(database, address));
    }
    TRY(close_dead_runs(database, own_run, at));
    return write_owned(database, settled.rows);
  });
}

Status Ledger::mark_late(std::int64_t run, const std::map<Address, std::string>& late) {
  return state_->write([&]() -> Status {
    for (const auto& [address, what] : late) {
      TRY(write_late(*state_->database, run, address, what));
    }
    return {};
  });
}

Status Ledger::end_run(std::int64_t run, int exit_code, const std::string& summary, Time at) {
  return state_->write([&] {
    return state_->database->run(
        "UPDATE runs SET ended = ?, exit_code = ?, summary = ? WHERE id = ?",
        {seconds_of(at), std::int64_t{exit_code}, summary, run});
  });
}

Result<std::vector<Incident>> Ledger::incidents(Time since) const {
  return state_->value_of<std::vector<Incident>>([since](Database& database, auto& incidents) {
    return read_incidents(database, since, incidents);
  });
}

Result<std::map<std::string, Time>> Ledger::report_runs() const {
  return state_->value_of<std::map<std::string, Time>>(read_report_runs);
}

Status Ledger::tell(const Telling& telling) {
  return state_->write([&] { return write_telling(*state_->database, telling); });
}

Result<std::vector<Waiting>> Ledger::outbox(const std::string& notifier) const {
  return state_->value_of<std::vector<Waiting>>([&notifier](Database& database, auto& waiting) {
    return read_outbox(database, notifier, waiting);
  });
}

Result<std::map<std::string, NotifierState>> Ledger::notifiers() const {
  return state_->value_of<std::map<std::string, NotifierState>>(read_notifiers);
}

Status Ledger::mark_sent(std::int64_t message, Time at) {
  return state_->write([&] { return end_message(*state_->database, message, at, ""); });
}

Status Ledger::mark_failed(std::int64_t message, Time at, const std::string& error) {
  return state_->write([&] { return end_message(*state_->database, message, at, error); });
}

Status Ledger::put_off(std::int64_t message, Time until, const std::string& error) {
  return state_->write([&] { return put_off_message(*state_->database, message, until, error); });
}

Result<std::vector<Approval>> Ledger::approvals() const {
  return state_->value_of<std::vector<Approval>>(read_approvals);
}

Result<std::optional<Approval>> Ledger::ask(const std::optional<Approval>& wanted, Time now) {
  std::optional<Approval> open;
  TRY(state_->write([&] { return ask_for_approval(*state_->database, wanted, now, open); }));
  return open;
}

Result<std::vector<Approval>> Ledger::ask_about_forks(const std::vector<Approval>& wanted,
                                                      Time now) {
  std::vector<Approval> open;
  TRY(state_->write(
      [&] { return homeostat::ask_about_forks(*state_->database, wanted, now, open); }));
  return open;
}

Result<Approval> Ledger::approve(const std::string& plan, const std::string& by, Time at) {
  Approval approved;
  TRY(state_->write([&] { return give_approval(*state_->database, plan, by, at, approved); }));
  return approved;
}

Status Ledger::end_approval(std::int64_t id, Approval::State state, const std::string& outcome,
                            Time at) {
  return state_->write(
      [&] { return homeostat::end_approval(*state_->database, id, state, outcome, at); });
}

Result<std::vector<ManualHold>> Ledger::manual_holds() const {
  return state_->value_of<std::vector<ManualHold>>(read_manual_holds);
}

Status Ledger::hold(const ManualHold& hold) {
  return state_->write([&] { return write_manual_hold(*state_->database, hold); });
}

Result<bool> Ledger::release(const std::string& glob) {
  bool was = false;
  TRY(state_->write([&] { return delete_manual_hold(*state_->database, glob, was); }));
  return was;
}

bool is_damage(const Error& error, const std::string& path) {
  return error.hint == damaged_hint(path);
}

}  // namespace homeostat
