#include "reconciler/ledger.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

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

  Status write(const std::function<Status()>& work) {
    if (!writable) {
      return fail(ErrorKind::internal,
                  fmt::format("the ledger {} was opened for reading only", path));
    }
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
  return Ledger(std::move(state));
}

Result<LedgerView> Ledger::view() const {
  LedgerView view;
  TRY(state_->read([&] {
    view = {};
    return read_view(*state_->database, view);
  }));
  return view;
}

Result<Observed> Ledger::last_observation() const {
  Observed observed;
  TRY(state_->read([&] {
    observed = {};
    return read_observed(*state_->database, observed);
  }));
  return observed;
}

Result<std::optional<RunRecord>> Ledger::last_run() const {
  std::optional<RunRecord> run;
  TRY(state_->read([&] {
    run.reset();
    return state_->database->each(
        "SELECT id, verb, commit_hash, started, ended, exit_code, summary FROM runs"
        " ORDER BY id DESC LIMIT 1",
        {}, [&run](const Row& row) {
          run = {row.integer(0),           std::string(row.text(1)),
                 std::string(row.text(2)), time_at(row.integer(3)),
                 time_at(row.integer(4)),  static_cast<int>(row.integer(5)),
                 std::string(row.text(6))};
          return Status();
        });
  }));
  return run;
}

Status Ledger::save_owned(const std::map<Address, Owned>& rows) {
  return state_->write([&] { return write_owned(*state_->database, rows); });
}

Status Ledger::remove_owned(const std::vector<Address>& addresses) {
  return state_->write([&]() -> Status {
    for (const Address& gone : addresses) {
      TRY(state_->database->run("DELETE FROM owned WHERE (site, kind, name, provider) = (?,?,?,?)",
                                {gone.site, gone.kind, gone.name, gone.provider}));
    }
    return {};
  });
}

Status Ledger::rename_owned(const Address& from, const Address& to) {
  return state_->write([&] {
    return state_->database->run(
        "UPDATE OR REPLACE owned SET (site, kind, name, provider) = (?,?,?,?)"
        " WHERE (site, kind, name, provider) = (?,?,?,?)",
        {to.site, to.kind, to.name, to.provider, from.site, from.kind, from.name, from.provider});
  });
}

Status Ledger::save_forgotten(const Address& address, bool forgotten) {
  return state_->write([&] {
    return state_->database->run(
        forgotten ? "INSERT OR IGNORE INTO forgotten VALUES(?,?,?,?)"
                  : "DELETE FROM forgotten WHERE (site, kind, name, provider) = (?,?,?,?)",
        {address.site, address.kind, address.name, address.provider});
  });
}

Status Ledger::confirm_full_zone(const std::string& zone_key) {
  return state_->write([&] {
    return state_->database->run("INSERT OR IGNORE INTO full_zones VALUES(?)", {zone_key});
  });
}

Status Ledger::save_observation(const Observed& observed) {
  return state_->write([&] { return write_observed(*state_->database, observed); });
}

Result<std::int64_t> Ledger::begin_run(const RunRecord& run) {
  std::int64_t id = 0;
  const auto work = [&]() -> Status {
    Database& database = *state_->database;
    TRY(database.run("INSERT INTO runs(verb, commit_hash, started) VALUES(?,?,?)",
                     {run.verb, run.commit, seconds_of(run.started)}));
    id = database.last_id();
    return database.run(
        "DELETE FROM runs WHERE id NOT IN (SELECT id FROM runs ORDER BY id DESC LIMIT ?)",
        {runs_kept});
  };
  TRY(state_->write(work));
  return id;
}

Status Ledger::record_change(std::int64_t run, const ChangeRecord& change) {
  return state_->write([&] {
    return state_->database->run(
        "INSERT INTO changes(run, address, action, cause, outcome, message) VALUES(?,?,?,?,?,?)",
        {run, to_string(change.address), change.action, change.cause, change.outcome,
         change.message});
  });
}

Status Ledger::end_run(std::int64_t run, int exit_code, const std::string& summary, Time at) {
  return state_->write([&] {
    return state_->database->run(
        "UPDATE runs SET ended = ?, exit_code = ?, summary = ? WHERE id = ?",
        {seconds_of(at), std::int64_t{exit_code}, summary, run});
  });
}

}  // namespace homeostat
