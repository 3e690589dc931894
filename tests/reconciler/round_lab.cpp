#include "tests/reconciler/round_lab.hpp"

#include <array>
#include <cstdlib>

#include "reconciler/connections.hpp"
#include "reconciler/names.hpp"
#include "reconciler/trust.hpp"

namespace homeostat {
namespace {

// A server outlives the rounds that look at it.
struct Server {
  CallLog log;
  std::unique_ptr<FakeProvider> provider;
  int stale = 0;
  std::map<Scope, Observation> last;
};
std::map<std::string, Server>& servers() {
  static std::map<std::string, Server> all;
  return all;
}

// What is opened each time.
class Window final : public Provider {
 public:
  explicit Window(Server& server) : server_(server) {}
  [[nodiscard]] const ProviderInfo& info() const override { return server_.provider->info(); }
  [[nodiscard]] Attributes canonical(const Address&, Attributes wanted) const override {
    return wanted;
  }
  [[nodiscard]] Result<Observation> observe(const Scope& scope, std::stop_token stop) override {
    if (server_.stale > 0 && server_.last.contains(scope)) {
      --server_.stale;
      return server_.last.at(scope);
    }
    TRY_ASSIGN(Observation seen, server_.provider->observe(scope, stop));
    server_.last[scope] = seen;
    return seen;
  }
  [[nodiscard]] std::vector<Result<StepResult>> apply(std::span<const Step> steps,
                                                      std::stop_token stop) override {
    return server_.provider->apply(steps, stop);
  }
  [[nodiscard]] std::optional<CallCounts> calls() const override {
    return server_.provider->calls();
  }

 private:
  Server& server_;
};

ProviderInfo make_info(const std::string& type, bool marker) {
  CallLog log;
  ProviderInfo info = FakeProvider("", log).info();
  info.schema.type = type;
  for (auto& [name, kind] : info.kinds) kind.marker = marker;
  return info;
}
const ProviderInfo& marked_info() {
  static const ProviderInfo info = make_info("fake", true);
  return info;
}
const ProviderInfo& plain_info() {
  static const ProviderInfo info = make_info("plain", false);
  return info;
}

Result<std::unique_ptr<Provider>> make(const ProviderContext& context) {
  return std::make_unique<Window>(servers().at(context.config.name));
}

constexpr const char* head = R"(homeostat: 1
site: home
providers:
  pve:   { type: fake }
  plain: { type: plain }
networks:
  lab: { cidr: 10.5.0.0/24, assign: vmid }
defaults:
  container: { provider: pve }
)";

}  // namespace

std::span<const ProviderType> builtin_providers() {
  static constexpr std::array types{ProviderType{"fake", &marked_info, &make},
                                    ProviderType{"plain", &plain_info, &make}};
  return types;
}

RoundLab::RoundLab() {
  for (const char* name : {"pve", "plain"}) {
    Server& made = servers()[name];
    made.provider = std::make_unique<FakeProvider>(name, made.log);
    const bool marked = std::string_view(name) == "pve";
    made.provider->info_of_it = marked ? marked_info() : plain_info();
  }
  dir_.write("repo/homeostat.yaml", head);
  ::setenv("HOMEOSTAT_STATE_DIR", (dir_.path() + "/state").c_str(), 1);
}

RoundLab::~RoundLab() { servers().clear(); }

void RoundLab::spec(const std::string& resources) const {
  dir_.write("repo/lab.yaml", resources);
  const auto spec = load(request());
  REQUIRE_MESSAGE(spec, joined(spec ? Errors() : spec.error()));
  TrustRecords records;
  for (const Connection& connection : connections_of(*spec)) {
    records[connection.name] = {connection.hash, connection.text, nlohmann::json::object(), Time()};
  }
  const std::string trust = places().trust;
  const Status trusted = make_private_folders(folder_of(trust));
  REQUIRE(trusted);
  REQUIRE(change_trust(trust, [&records](TrustRecords& all) {
    all = records;
    return Status();
  }));
}

FakeProvider& RoundLab::server(const std::string& name) const {
  return *servers().at(name).provider;
}

Places RoundLab::places() const { return find_places("home", ledger()).value(); }

void RoundLab::read_stale(const std::string& name, int times) const {
  servers().at(name).stale = times;
}

Request RoundLab::request() const {
  Request request;
  request.folder = dir_.path() + "/repo";
  request.ledger_path = ledger();
  request.record = true;
  request.locked = true;
  request.options = options;
  return request;
}

tl::expected<Round, Errors> RoundLab::try_look() const {
  return homeostat::look(request(), std::stop_token());
}

Round RoundLab::look() const {
  auto round = try_look();
  REQUIRE_MESSAGE(round, joined(round ? Errors() : round.error()));
  return std::move(*round);
}

Applied RoundLab::apply(Round& round, bool by_service) {
  ApplyHooks hooks;
  hooks.by_service = by_service;
  round.request.timing.now = [] { return std::chrono::steady_clock::time_point(); };
  round.request.timing.wait = [this](std::chrono::milliseconds pause, const std::stop_token&) {
    if (pause.count() > 0) waits.push_back(pause);
  };
  return homeostat::apply(round, hooks, std::stop_token(), std::stop_token());
}

int RoundLab::run() {
  Round round = look();
  const Applied applied = apply(round);
  CHECK_MESSAGE(applied.errors.empty(), joined(applied.errors));
  return exit_code(applied.after.plan);
}

std::string changes_of(const Plan& plan) {
  std::string text;
  for (const Change& change : plan.changes) {
    if (change.quiet) continue;
    text += std::string(name_of(change.action)) + " " + display(change.address, false, false);
    if (change.hold) text += " [" + std::string(name_of(change.hold->code)) + "]";
    text += "\n";
  }
  return text;
}

std::string joined(const Errors& errors) {
  std::string text;
  for (const Error& error : errors) text += to_string(error) + "\n";
  return text;
}

}  // namespace homeostat
