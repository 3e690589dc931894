#include "tests/support/trusting.hpp"

#include <doctest/doctest.h>

#include "reconciler/connections.hpp"

namespace homeostat::test {

void trust_all(const Request& request) {
  const auto spec = load(request);
  if (!spec) return;
  const auto places = find_places(spec->site, request.ledger_path);
  REQUIRE(places);
  TrustRecords records;
  for (const Connection& connection : connections_of(*spec)) {
    records[connection.name] = {connection.hash, connection.text, nlohmann::json::object(), now()};
  }
  REQUIRE(change_trust(places->trust, [&records](TrustRecords& all) {
    all = records;
    return Status();
  }));
}

}  // namespace homeostat::test
