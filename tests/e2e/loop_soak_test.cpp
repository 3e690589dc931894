// The service for many loops, on servers that misbehave now and then: it holds no more memory and
// no more open files at the end than when it was warm. It is watched from outside.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/e2e/loop_lab.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/pdns_server.hpp"
#include "tests/support/raw_http.hpp"

namespace homeostat::test {
namespace {

namespace fs = std::filesystem;

// A site looks every second and no oftener, so many of them make the loops.
constexpr unsigned sites = 20;
constexpr unsigned records = 4;  // of a site, half of them on each server

unsigned stated(const char* variable, unsigned otherwise) {
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

std::string name_of(unsigned site) { return fmt::format("s{}", site); }

struct Sample {
  std::size_t loops = 0;
  std::size_t memory_kb = 0;  // what is its own: no mapped file
  std::size_t files = 0;
};

// The servers of all sites: a folder for each, and one PowerDNS behind a wire that is not good.
class Weather {
 public:
  Weather(LoopLab& lab, FaultProxy& wire, unsigned seed) : lab_(lab), wire_(wire), random_(seed) {}

  void change() {
    clear();
    static const std::vector<WireRule> faults = {
        {.fault = {.status = 503}, .times = 3},
        {.fault = {.status = 429, .headers = "Retry-After: 1\r\n"}, .times = 2},
        {.fault = {.status = 401}, .times = 2},
        {.fault = {.status = 200, .body = "<html>it works</html>"}, .times = 2},
        {.fault = {.kind = WireFault::Kind::cut_off}, .times = 4},
        {.fault = {.kind = WireFault::Kind::truncated}, .times = 4},
        {.fault = {.kind = WireFault::Kind::reset}, .times = 4},
        {.method = "PATCH", .fault = {.kind = WireFault::Kind::lost_answer}, .times = 4}};
    wire_.add(faults[random_() % faults.size()]);
    const unsigned site = static_cast<unsigned>(random_() % sites);
    switch (random_() % 4) {
      case 0:
        garble(site);
        break;
      case 1:
        edit(site);
        break;
      case 2:
        push();
        break;
      default:
        break;
    }
  }

  void clear() {
    wire_.clear();
    // Somebody removes what nobody can read: it is made again.
    if (!garbled_.empty()) fs::remove(garbled_);
    garbled_.clear();
  }

  void push() {
    ++version_;
    for (unsigned i = 0; i < sites; ++i) {
      lab_.write(name_of(i) + "/dns.yaml",
                 fmt::format("dns:\n  lab: {{ a: 10.5.{0}.1, b: 10.5.0.2 }}\n"
                             "  pub: {{ a: 10.6.{0}.1, b: 10.6.0.2 }}\n",
                             version_ % 250));
    }
    lab_.push(fmt::format("version {}", version_));
  }

 private:
  [[nodiscard]] std::string file(unsigned site) const {
    return fmt::format("{}/live/{}/dns/lab/a/A.yaml", lab_.scratch(), name_of(site));
  }
  // Another address; whose it is still stands there.
  void edit(unsigned site) const {
    std::ifstream in(file(site));
    std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto at = text.find("10.5.");
    if (at == std::string::npos) return;  // it was removed, and is not made again yet
    text.replace(at, 5, "10.7.");
    std::ofstream(file(site), std::ios::trunc) << text;
  }
  void garble(unsigned site) {
    garbled_ = file(site);
    std::ofstream(garbled_, std::ios::trunc) << "values: [\n";
  }

  LoopLab& lab_;
  FaultProxy& wire_;
  std::mt19937 random_;
  std::string garbled_;
  unsigned version_ = 0;
};

class Soak {
 public:
  explicit Soak(unsigned seed) : wire_(server_.port()), weather_(lab_, wire_, seed) {
    std::ofstream(lab_.scratch() + "/book", std::ios::trunc)
        << "#!/bin/sh\nread -r line\nprintf '%s\\n' \"$line\" >>" << lab_.scratch() << "/told\n";
    std::string machine = fmt::format("service:\n  listen: 127.0.0.1:{}\n  sites:\n", port_);
    for (unsigned i = 0; i < sites; ++i) {
      server_.create_zone(name_of(i) + ".example.org");
      lab_.write(name_of(i) + "/homeostat.yaml", head_of(i));
      machine += fmt::format("    {0}: {{ repo: \"{1}\", path: {0}, poll: 5s, interval: 1s }}\n",
                             name_of(i), lab_.origin());
    }
    std::ofstream(lab_.scratch() + "/machine.yaml", std::ios::trunc) << machine;
    weather_.push();
    const std::string top = lab_.git({"rev-parse", "--show-toplevel"});
    for (unsigned i = 0; i < sites; ++i) {
      const ProcessResult trusted = lab_.run({"trust", "--yes", top + "/" + name_of(i)});
      REQUIRE_MESSAGE(trusted.exit_code == 0, trusted.err);
    }
    lab_.set("PDNS_KEY", PdnsServer::key);
    lab_.start();
    REQUIRE_MESSAGE(in_sync(), lab_.log());
  }

  // So many loops, some of them in bad weather; what was seen on the way.
  std::vector<Sample> run(std::size_t loops) {
    std::vector<Sample> samples;
    for (std::size_t at = figure("homeostat_run_duration_seconds_count"); at < loops;) {
      weather_.change();
      const std::size_t until = at + 10;
      const bool moves = LoopLab::soon([&] {
        at = figure("homeostat_run_duration_seconds_count");
        return at >= until;
      });
      REQUIRE_MESSAGE(moves, "the loops stand still at ", at);
      samples.push_back(look(at));
    }
    return samples;
  }

  void end() {
    weather_.clear();
    const bool is_well = in_sync();
    CHECK_MESSAGE(is_well, raw_http(port_, "GET", "/metrics").body, lab_.log());
    CHECK(lab_.stop() == 0);
  }

 private:
  [[nodiscard]] std::string head_of(unsigned site) const {
    return fmt::format(
        "homeostat: 1\nsite: {0}\nproviders:\n  dns: {{ type: files, path: {1}/live/{0} }}\n"
        "  pdns: {{ type: powerdns, url: \"{2}\", key: \"${{secret.key}}\", timeout: 5s }}\n"
        "secrets:\n  key: {{ env: PDNS_KEY }}\n"
        "zones:\n  lab: {{ zone: lab.example.org, on: [dns], ttl: 5m }}\n"
        "  pub: {{ zone: {0}.example.org, on: [pdns], ttl: 5m }}\n"
        "notifiers:\n  book: {{ type: exec, command: [{1}/book] }}\npolicy: {{ mode: enforce }}\n",
        name_of(site), lab_.scratch(), wire_.url());
  }

  // The sum over all that begin with these words.
  [[nodiscard]] std::size_t figure(const std::string& name, const std::string& label = "") const {
    std::istringstream page(raw_http(port_, "GET", "/metrics").body);
    std::size_t sum = 0;
    for (std::string line; std::getline(page, line);) {
      const bool counts = line.starts_with(name + "{") && line.find(label) != std::string::npos;
      if (counts) sum += std::strtoul(line.c_str() + line.rfind(' '), nullptr, 10);
    }
    return sum;
  }

  [[nodiscard]] bool in_sync() const {
    return LoopLab::soon([this] {
      return figure("homeostat_resources", "in_sync") == std::size_t{sites} * records;
    });
  }

  [[nodiscard]] Sample look(std::size_t loops) const {
    Sample sample{.loops = loops};
    const std::string process = fmt::format("/proc/{}", lab_.pid());
    std::ifstream status(process + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("RssAnon:")) sample.memory_kb = std::stoul(line.substr(8));
    }
    const auto files = std::distance(fs::directory_iterator(process + "/fd"), {});
    sample.files = static_cast<std::size_t>(files);
    return sample;
  }

  LoopLab lab_;
  PdnsServer server_;
  FaultProxy wire_;
  Weather weather_;
  const int port_ = free_port();
};

}  // namespace

TEST_CASE("service: after many loops on servers that misbehave, it holds no more than when warm" *
          doctest::test_suite("once")) {
  const unsigned seed = stated("HOMEOSTAT_SEED", std::random_device()());
  const std::size_t loops = stated("HOMEOSTAT_LOOPS", 1000);
  MESSAGE("HOMEOSTAT_SEED=", seed);
  Soak soak(seed);
  const auto samples = soak.run(loops);
  // What is in flight comes and goes: of memory the most counts, of files the fewest.
  const auto worst = [&](std::size_t from, std::size_t to) {
    Sample out{.files = SIZE_MAX};
    for (const Sample& sample : samples) {
      if (sample.loops < from || sample.loops > to) continue;
      out.memory_kb = std::max(out.memory_kb, sample.memory_kb);
      out.files = std::min(out.files, sample.files);
    }
    return out;
  };
  const Sample warm =
      worst(std::min<std::size_t>(loops / 5, 400), std::min<std::size_t>(2 * loops / 5, 2000));
  const Sample last = worst(4 * loops / 5, SIZE_MAX);
  MESSAGE(fmt::format("{} loops: memory {} kB when warm, {} kB at last; open files {}, then {}",
                      samples.back().loops, warm.memory_kb, last.memory_kb, warm.files,
                      last.files));
  CHECK(last.memory_kb <= warm.memory_kb + 5000);
  // A file that is left open by every hundredth loop is seen.
  CHECK(last.files <= warm.files + loops / 100);
  soak.end();
}

}  // namespace homeostat::test
