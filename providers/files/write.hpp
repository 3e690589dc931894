// One step -> one file changed.
#pragma once

#include "providers/files/format.hpp"
#include "providers/files/store.hpp"

namespace homeostat::files {

struct WriteInput {
  const Store& store;
  const Zones& zones;
};

[[nodiscard]] Result<StepResult> write_step(const WriteInput& input, const Step& step);

}  // namespace homeostat::files
