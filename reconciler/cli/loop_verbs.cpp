#include "reconciler/cli/loop_verbs.hpp"

#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <filesystem>
#include <fstream>

#include "reconciler/machine.hpp"

namespace homeostat::cli {
namespace {

Result<std::string> find_site(const Global& global, const std::string& given) {
  if (!given.empty()) return given;
  const Request request = request_of(global);
  if (std::filesystem::exists(std::filesystem::path(request.folder) / "homeostat.yaml")) {
    const auto spec = load(request);
    if (!spec) return tl::unexpected(spec.error().front());
    return spec->site;
  }
  const auto machine = read_machine_file();
  if (!machine) return tl::unexpected(machine.error().front());
  const auto sites =
      machine->service ? machine->service->sites : std::map<std::string, SiteConfig>();
  if (sites.size() == 1) return sites.begin()->first;
  return fail(ErrorKind::not_found,
              sites.empty() ? "which site? there is no homeostat.yaml here, and the machine file "
                              "lists none"
                            : "which site? the machine file lists several",
              "say --site NAME");
}

}  // namespace

void wake_loop(const Places& places) {
  std::ofstream(places.state + "/wake", std::ios::trunc) << "\n";
}

void add_site_option(CLI::App& verb, std::string& site) {
  verb.add_option("--site", site, "of which site (default: the spec's here, or the only one)")
      ->type_name("NAME");
}

int with_ledger(const Global& global, const std::string& given, bool write, const UseLedger& use) {
  const auto site = find_site(global, given);
  if (!site) return print_error(site.error());
  const auto places = find_places(*site, global.ledger);
  if (!places) return print_error(places.error());
  if (!std::filesystem::exists(places->ledger)) {
    return print_error(fail(ErrorKind::not_found,
                            "site " + *site + " has no ledger here: " + places->ledger,
                            "run this where the service runs, as its user")
                           .value());
  }
  auto ledger = Ledger::open(places->ledger, write);
  if (!ledger) return print_error(ledger.error());
  const auto code = use(*ledger, *site);
  if (!code) return print_error(code.error());
  if (write) wake_loop(*places);
  return *code;
}

std::string user_name() {
  std::array<char, 4096> buffer = {};
  struct passwd entry = {};
  struct passwd* found = nullptr;
  const uid_t user = ::geteuid();
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return entry.pw_name;
  }
  return "user " + std::to_string(user);
}

}  // namespace homeostat::cli
