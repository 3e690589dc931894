#include "reconciler/places.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/support/temp_repo.hpp"

using namespace homeostat;

namespace {

namespace fs = std::filesystem;

// Sets a variable, and puts back what it was.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    set(value);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { set(old_ ? old_->c_str() : nullptr); }

 private:
  void set(const char* value) const {
    if (value == nullptr) {
      ::unsetenv(name_);
    } else {
      ::setenv(name_, value, 1);
    }
  }
  const char* name_;
  std::optional<std::string> old_;
};

Time at(std::int64_t seconds) { return Time(std::chrono::seconds(seconds)); }

Places places_in(const std::string& folder) {
  return {folder, folder + "/ledger.db", folder + "/key", folder + "/lock", folder + "/trust.json"};
}

}  // namespace

TEST_CASE("places: HOMEOSTAT_STATE_DIR stands in front of the site") {
  const Variable state("HOMEOSTAT_STATE_DIR", "/srv/state");
  const auto places = find_places("home");
  REQUIRE(places);
  CHECK(places->state == "/srv/state/home");
  CHECK(places->ledger == "/srv/state/home/ledger.db");
  CHECK(places->key == "/srv/state/home/key");
  CHECK(places->lock == "/srv/state/home/lock");
}

TEST_CASE("places: root uses /var/lib, everybody else the XDG state folder") {
  const Variable state("HOMEOSTAT_STATE_DIR", nullptr);
  const Variable xdg("XDG_STATE_HOME", "/xdg");
  const Variable home("HOME", "/home/ana");
  const auto state_of_home = [] { return find_places("home").value().state; };
  if (::geteuid() == 0) {
    CHECK(state_of_home() == "/var/lib/homeostat/home");
    return;
  }
  CHECK(state_of_home() == "/xdg/homeostat/home");
  const Variable relative("XDG_STATE_HOME", "xdg");
  CHECK(state_of_home() == "/home/ana/.local/state/homeostat/home");
  const Variable nowhere("HOME", nullptr);
  CHECK_FALSE(find_places("home"));
}

TEST_CASE("places: a given ledger takes the key along, but not the lock of the site") {
  const Variable state("HOMEOSTAT_STATE_DIR", "/srv/state");
  const auto places = find_places("home", "/tmp/x/other.db");
  REQUIRE(places);
  CHECK(places->ledger == "/tmp/x/other.db");
  CHECK(places->key == "/tmp/x/key");
  CHECK(places->lock == "/srv/state/home/lock");
  CHECK(find_places("home", "other.db").value().ledger ==
        (fs::current_path() / "other.db").string());
}

TEST_CASE("places: a site that would leave its folder is refused") {
  for (const char* site : {"", ".", "..", "a/b", "../x"}) {
    CAPTURE(site);
    CHECK_FALSE(find_places(site));
  }
}

TEST_CASE("key: absent it is empty, or made once with 32 private bytes") {
  const TempDir dir;
  const std::string path = dir.path() + "/state/key";
  CHECK(load_or_make_key(path, false).value().empty());
  CHECK_FALSE(fs::exists(dir.path() + "/state"));
  const std::string key = load_or_make_key(path, true).value();
  CHECK(key.size() == 32);
  CHECK(load_or_make_key(path, true).value() == key);
  CHECK(load_or_make_key(path, false).value() == key);
  struct stat status = {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  // Nothing else is left behind.
  CHECK(std::distance(fs::directory_iterator(dir.path() + "/state"), fs::directory_iterator()) ==
        1);
  CHECK(load_or_make_key(dir.path() + "/other", true).value() != key);
}

TEST_CASE("key: one that others can read is refused") {
  const TempDir dir;
  const std::string path = dir.path() + "/key";
  REQUIRE(load_or_make_key(path, true));
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  const auto key = load_or_make_key(path, true);
  REQUIRE_FALSE(key);
  CHECK(key.error().message == "the key " + path + " can be read by others (mode 640)");
  CHECK(key.error().hint == "make it private: chmod 600 " + path);
}

TEST_CASE("key: one of another length is refused") {
  const TempDir dir;
  const std::string path = dir.path() + "/key";
  for (const std::size_t length : {0U, 31U, 33U}) {
    std::ofstream(path, std::ios::trunc) << std::string(length, 'k');
    REQUIRE(::chmod(path.c_str(), 0600) == 0);
    const auto key = load_or_make_key(path, true);
    REQUIRE_FALSE(key);
    CHECK(key.error().message == "the key " + path + " is damaged: it should hold 32 bytes");
  }
}

TEST_CASE("lock: a second writer fails at once, and is told who holds it") {
  const Variable zone("TZ", "UTC");
  const TempDir dir;
  const Places places = places_in(dir.path() + "/state");
  std::optional<SiteLock> held =
      SiteLock::acquire(places, "home", "homeostat apply", at(50531)).value();
  CHECK(SiteLock::holder(places).value().starts_with("homeostat apply, process "));
  const auto second = SiteLock::acquire(places, "home", "run", at(50600));
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == ErrorKind::conflict);
  CHECK(second.error().message == "homeostat apply, process " + std::to_string(::getpid()) +
                                      ", since 14:02:11 holds the lock of site home");
  SiteLock moved = std::move(*held);
  held.reset();
  CHECK_FALSE(SiteLock::acquire(places, "home", "run", at(50600)));
  moved = SiteLock::acquire(places_in(dir.path() + "/other"), "lab", "run", at(50600)).value();
  const auto third = SiteLock::acquire(places, "home", "a longer verb", at(50600));
  REQUIRE(third);
}

TEST_CASE("lock: a shorter holder leaves nothing of the one before") {
  const Variable zone("TZ", "UTC");
  const TempDir dir;
  const Places places = places_in(dir.path());
  { const auto first = SiteLock::acquire(places, "home", "a very long verb", at(0)).value(); }
  const auto held = SiteLock::acquire(places, "home", "run", at(0)).value();
  CHECK(SiteLock::acquire(places, "home", "run", at(0)).error().message ==
        "run, process " + std::to_string(::getpid()) +
            ", since 00:00:00 holds the lock of site home");
}

TEST_CASE("lock: it dies with its process") {
  const TempDir dir;
  const Places places = places_in(dir.path());
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = SiteLock::acquire(places, "home", "apply", at(0));
    ::_exit(held ? 0 : 1);  // no destructor runs
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  CHECK(SiteLock::acquire(places, "home", "apply", at(0)));
}
