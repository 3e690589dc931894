#include "reconciler/mode.hpp"

#include <doctest/doctest.h>

using namespace homeostat;

TEST_CASE("mode: site < provider < kind < resource, the nearest word holds") {
  const Address address{"home", "container", "forgejo", "pve"};
  Spec spec;
  CHECK(mode_of(spec, address) == Mode::report);
  spec.policy.mode = Mode::enforce;
  CHECK(mode_of(spec, address) == Mode::enforce);
  spec.policy.provider_modes["pve"] = Mode::report;
  CHECK(mode_of(spec, address) == Mode::report);
  CHECK(mode_of(spec, {"home", "container", "forgejo", "dock"}) == Mode::enforce);
  spec.providers["pve"].mode = Mode::enforce;
  CHECK(mode_of(spec, address) == Mode::enforce);
  spec.policy.kind_modes["container"] = Mode::report;
  CHECK(mode_of(spec, address) == Mode::report);
  CHECK(mode_of(spec, {"home", "ip", "lab/printer", "pve"}) == Mode::enforce);
  spec.desired[address].mode = Mode::enforce;
  CHECK(mode_of(spec, address) == Mode::enforce);
  // What is gone from the spec has its kind's word.
  CHECK(mode_of(spec, {"home", "container", "gone", "pve"}) == Mode::report);
}
