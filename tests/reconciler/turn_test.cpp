// One turn of the loop after another, on servers in memory.
#include "reconciler/loop/turn.hpp"

#include <algorithm>

#include "tests/reconciler/ledger_case.hpp"
#include "tests/reconciler/round_lab.hpp"

namespace homeostat {
namespace {

using namespace std::chrono_literals;

constexpr const char* enforce = "policy: { mode: enforce }\n";
constexpr const char* small = "containers: { web: { vmid: 110, cores: 1 } }\n";
constexpr const char* bigger = "containers: { web: { vmid: 110, cores: 2 } }\n";

// A turn that knows what the last one said.
class Turns {
 public:
  explicit Turns(const RoundLab& lab) : lab_(lab) {}
  const Turn& take() {
    TurnInput input;
    input.request = lab_.request();
    input.request.timing.now = [] { return std::chrono::steady_clock::time_point(); };
    input.request.timing.wait = [](std::chrono::milliseconds, const std::stop_token&) {};
    if (last_) input.before = last_->troubles;
    auto turn = take_turn(input, std::stop_token(), std::stop_token());
    REQUIRE(turn);
    last_.emplace(std::move(*turn));
    return *last_;
  }
  // What the last turn tells, a line each.
  [[nodiscard]] std::string troubles() const {
    std::string text;
    for (const Trouble& trouble : last_->troubles) {
      text += std::string(name_of(trouble.kind)) + " " + trouble.title + "\n";
    }
    return text;
  }

 private:
  const RoundLab& lab_;
  std::optional<Turn> last_;
};

void refuse_writes(const RoundLab& lab, const std::string& server) {
  lab.server(server).next(
      "apply", {Fault::Kind::fail, Error{ErrorKind::invalid_spec, "no room", {}, {}, {}}});
}

}  // namespace

TEST_CASE("loop: a turn whose write does not read back has failed, and says what") {
  RoundLab lab;
  lab.spec(std::string(enforce) + small);
  CHECK(lab.run() == 0);
  lab.spec(std::string(enforce) + bigger);
  lab.server("pve").next("apply", {Fault::Kind::lie, Error()});
  Turns turns(lab);
  const Turn& turn = turns.take();
  CHECK(turn.outcomes.size() == 1);
  CHECK(failed(turn));
  CHECK(turn.lingering == std::vector<std::string>{"container/web@pve cores"});
}

TEST_CASE("turn: what failed stays told until it is made, or wanted no more") {
  RoundLab lab;
  lab.spec(std::string(enforce) + small);
  CHECK(lab.run() == 0);
  lab.spec(std::string(enforce) + bigger);
  refuse_writes(lab, "pve");
  Turns turns(lab);
  turns.take();
  const std::string failed = "failed container/web@pve: no room\n";
  CHECK(turns.troubles() == failed);
  // Nobody tries it now.
  Ledger ledger = ledger_case::open_ledger(lab.ledger());
  ledger_case::succeed(ledger.hold({"container/web", "a visit", "ana", now()}));
  CHECK(turns.take().outcomes.empty());
  CHECK(turns.troubles() == failed);
  SUBCASE("made") {
    CHECK(ledger_case::value_of(ledger.release("container/web")));
    CHECK(turns.take().outcomes.size() == 1);
    CHECK(turns.troubles().empty());
  }
  SUBCASE("wanted no more") {
    lab.spec(std::string(enforce) + small);
    turns.take();
    CHECK(turns.troubles().empty());
  }
  SUBCASE("its server is away") {
    lab.server("pve").next("observe", Fault());
    turns.take();
    CHECK(turns.troubles() == failed);
    turns.take();
    CHECK(turns.troubles() == failed);
  }
}

TEST_CASE("turn: a server's certificate that ends soon is told, also while the server is away") {
  RoundLab lab;
  lab.spec(small);
  CHECK(lab.run() == 0);
  auto& shown = lab.server("pve").calls_of_it;
  Turns turns(lab);
  shown = CallCounts{.calls = 1, .certificate_until = now() + std::chrono::days(30)};
  turns.take();
  CHECK(turns.troubles().empty());
  shown->certificate_until = now() + std::chrono::days(10);
  turns.take();
  CHECK(turns.troubles().starts_with(
      "certificate_expiry the certificate of provider pve expires on 20"));
  shown = CallCounts{.calls = 1, .errors = 1};
  turns.take();
  CHECK(turns.troubles().find("expires on") != std::string::npos);
  shown->certificate_until = now() - 1h;  // with a pin nobody asks; else it is no connection
  turns.take();
  CHECK(turns.troubles().find("has expired on") != std::string::npos);
  SUBCASE("renewed") { shown->certificate_until = now() + std::chrono::days(90); }
  SUBCASE("asked for no more") { shown = CallCounts{.calls = 2}; }
  turns.take();
  CHECK(turns.troubles().empty());
}

}  // namespace homeostat
