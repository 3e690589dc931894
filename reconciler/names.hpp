// The words for our enums in JSON, ledger, logs and texts. One table each.
#pragma once

#include <string_view>

#include "reconciler/execute.hpp"
#include "reconciler/plan.hpp"

namespace homeostat {

[[nodiscard]] std::string_view name_of(Action action);  // "delete" for remove
[[nodiscard]] std::string_view name_of(Cause cause);    // "first contact" for first_contact
[[nodiscard]] std::string_view name_of(HoldCode code);  // "adopt_differs", "protected"
[[nodiscard]] std::string_view name_of(OutcomeKind outcome);
[[nodiscard]] std::string_view name_of(ChangeEffect effect);
[[nodiscard]] std::string_view name_of(Finding::Kind kind);
[[nodiscard]] std::string_view name_of(Mode mode);
[[nodiscard]] std::string_view name_of(OnRemove on_remove);  // "delete" for destroy
[[nodiscard]] std::string_view name_of(ErrorKind kind);

}  // namespace homeostat
