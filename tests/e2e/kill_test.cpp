// Kills the real program at every failpoint, and looks at what the next run makes of it: it
// converges, nothing is there twice, nothing is forgotten, and the ledger is sound.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

#include "tests/e2e/kill_world.hpp"
#include "tests/support/temp_repo.hpp"

namespace homeostat::test {
namespace {

namespace fs = std::filesystem;

// All names in the sources.
std::set<std::string> failpoints() {
  std::set<std::string> names;
  static const std::regex call(R"re(failpoint\("([a-z_.]+)"\))re");
  for (const char* top : {"reconciler", "providers"}) {
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(HOMEOSTAT_SOURCE_DIR) / top)) {
      if (entry.path().extension() != ".cpp") continue;
      std::ifstream file(entry.path());
      std::ostringstream text;
      text << file.rdbuf();
      const std::string all = text.str();
      for (std::sregex_iterator hit(all.begin(), all.end(), call), end; hit != end; ++hit) {
        names.insert((*hit)[1]);
      }
    }
  }
  return names;
}

// "1-5", or what HOMEOSTAT_SEEDS says.
std::pair<int, int> seeds() {
  const char* stated = std::getenv("HOMEOSTAT_SEEDS");  // NOLINT(concurrency-mt-unsafe)
  std::pair<int, int> range{1, 5};
  if (stated != nullptr) std::sscanf(stated, "%d-%d", &range.first, &range.second);
  return range;
}

// A site before the run that is killed, and how it ends where nobody kills it.
struct Scene {
  KillSite site;
  std::map<std::string, int> passes;  // failpoint -> how often the run comes by
  std::map<std::string, std::string> live;
  std::string ledger;
};

Scene make_scene(const std::string& folder, const KillWorld& world, Past past, KillServer* server) {
  fs::create_directories(folder);
  Scene scene{KillSite(folder + "/site", world, server), {}, {}, {}};
  scene.site.prepare(past);
  const KillSite whole(folder + "/whole", world, server);
  scene.site.copy_to(whole);
  const ProcessResult applied = whole.apply({{"HOMEOSTAT_FAILPOINT_LOG", folder + "/passes"}});
  INFO(applied.out, applied.err);
  REQUIRE((applied.exit_code == 0 || past == Past::damaged));
  std::ifstream passes(folder + "/passes");
  for (std::string name; std::getline(passes, name);) ++scene.passes[name];
  // What a run leaves for the next one (an adopted thing, a ledger that nobody confirmed yet).
  static_cast<void>(whole.apply({}));
  scene.live = whole.live();
  scene.ledger = whole.ledger();
  return scene;
}

struct Case {
  std::string failpoint;
  int seed = 0;
  const Scene* scene = nullptr;
  bool killed = false;
  std::string trouble;
};

std::string difference(const std::map<std::string, std::string>& is,
                       const std::map<std::string, std::string>& should_be) {
  std::string text;
  for (const auto& [name, content] : is) {
    const auto wanted = should_be.find(name);
    if (wanted == should_be.end()) {
      text += "too many: " + name + "\n";
    } else if (wanted->second != content) {
      text += name + " is\n" + content + "and should be\n" + wanted->second;
    }
  }
  for (const auto& [name, content] : should_be) {
    if (!is.contains(name)) text += "missing: " + name + "\n";
  }
  return text;
}

// The first seed kills at the first pass, the others anywhere; every third kills the recovery too.
void run_case(Case& it, const KillSite& site) {
  std::mt19937 random(static_cast<std::uint32_t>(it.seed) * 7919U +
                      static_cast<std::uint32_t>(std::hash<std::string>()(it.failpoint)));
  it.scene->site.copy_to(site);
  const int passes = it.scene->passes.at(it.failpoint);
  const int pass =
      it.seed == 1 ? 1 : 1 + static_cast<int>(random() % static_cast<unsigned>(passes));
  const ProcessResult first =
      site.apply({{"HOMEOSTAT_FAILPOINT", fmt::format("{}:{}", it.failpoint, pass)}});
  it.killed = first.exit_code == 128 + SIGKILL;
  if (it.seed % 3 == 0) {
    auto other = it.scene->passes.begin();
    std::advance(other, random() % it.scene->passes.size());
    static_cast<void>(site.apply(
        {{"HOMEOSTAT_FAILPOINT", fmt::format("{}:{}", other->first, 1 + random() % 3)}}));
  }
  const ProcessResult next = site.apply({});
  it.trouble = difference(site.live(), it.scene->live);
  const std::string ledger = site.ledger();
  if (ledger != it.scene->ledger) {
    it.trouble += "ledger:\n" + ledger + "and should be:\n" + it.scene->ledger;
  }
  if (!it.trouble.empty()) {
    it.trouble += "killed run:\n" + first.out + first.err + "next run:\n" + next.out + next.err;
  }
  site.remove();
}

std::vector<Case> make_cases(const std::vector<Scene>& scenes) {
  std::vector<Case> made;
  const auto [from, to] = seeds();
  for (const std::string& name : failpoints()) {
    std::vector<const Scene*> coming_by;
    for (const Scene& scene : scenes) {
      if (scene.passes.contains(name)) coming_by.push_back(&scene);
    }
    // Those that only a recovery passes come by as the second kill.
    if (coming_by.empty()) continue;
    for (int seed = from; seed <= to; ++seed) {
      Case& it = made.emplace_back();
      it.failpoint = name;
      it.seed = seed;
      it.scene = coming_by[static_cast<std::size_t>(seed) % coming_by.size()];
    }
  }
  return made;
}

// Without servers: as many at once as there are processors, for all is in files. Else one on each.
struct Field {
  const KillWorld& world;
  std::vector<std::unique_ptr<KillServer>> servers = {};
};

void run_all(std::vector<Case>& all, const Field& field, const std::string& folder) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&](KillServer* server) {
    for (std::size_t i = next++; i < all.size(); i = next++) {
      try {
        run_case(all[i], KillSite(fmt::format("{}/{}", folder, i), field.world, server));
      } catch (const std::exception& thrown) {
        all[i].trouble = thrown.what();
      }
    }
  };
  std::vector<std::jthread> threads;
  for (const auto& server : field.servers) threads.emplace_back(work, server.get());
  const unsigned many = std::max(2U, std::thread::hardware_concurrency());
  while (field.servers.empty() && threads.size() < many) threads.emplace_back(work, nullptr);
}

void kill_everywhere(const Field& field) {
  const TempDir dir;
  KillServer* const first = field.servers.empty() ? nullptr : field.servers.front().get();
  std::vector<Scene> scenes;
  for (const Past past : {Past::settled, Past::nothing, Past::damaged}) {
    const std::string folder = fmt::format("{}/scene{}", dir.path(), scenes.size());
    scenes.push_back(make_scene(folder, field.world, past, first));
  }
  std::vector<Case> all = make_cases(scenes);
  run_all(all, field, dir.path());
  std::map<std::string, int> kills;
  for (const Case& it : all) {
    if (it.killed) ++kills[it.failpoint];
    if (it.trouble.empty()) continue;
    FAIL_CHECK(fmt::format("{} seed {}:\n{}", it.failpoint, it.seed, it.trouble));
  }
  CHECK(kills.size() >= 25);
  const auto killed =
      std::count_if(all.begin(), all.end(), [](const Case& it) { return it.killed; });
  CHECK(static_cast<std::size_t>(killed) * 10 >= all.size() * 9);  // the others came by less often
  MESSAGE(fmt::format("{} cases at {} failpoints, {} killed", all.size(), kills.size(), killed));
}

}  // namespace

TEST_CASE("kill: whatever moment it dies at, the next run converges and nothing is lost" *
          doctest::test_suite("once")) {
  kill_everywhere({files_world()});
}

TEST_CASE("kill: with records on a real PowerDNS, the next run converges and nothing is lost" *
          doctest::test_suite("once")) {
  Field field{powerdns_world()};
  for (int i = 0; i < 2; ++i) field.servers.push_back(start_powerdns());
  kill_everywhere(field);
}

}  // namespace homeostat::test
