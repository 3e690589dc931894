// A plan, as people and programs read it. All from the same data.
#pragma once

#include <string>

#include "reconciler/plan.hpp"

namespace homeostat {

struct TextStyle {
  bool color = false;
  int width = 80;              // columns; longer cells wrap below themselves
  int utc_offset_minutes = 0;  // of the times shown
  bool verbose = false;        // quiet adopts and every unknown address too
};

[[nodiscard]] std::string render_text(const Plan& plan, const Spec& spec, const TextStyle& style);
[[nodiscard]] nlohmann::json render_json(const Plan& plan, const Spec& spec);  // plan.schema.json
[[nodiscard]] std::string render_markdown(const Plan& plan, const Spec& spec);
// Only differences that git did not cause, oldest first.
[[nodiscard]] std::string render_drift_text(const Plan& plan, const Spec& spec,
                                            const TextStyle& style);
// The plan with nothing in it but what render_drift_text() shows, for the other renderers.
[[nodiscard]] Plan drift_part(const Plan& plan);
// The last line: "1 to create, 1 to change, ...", or "in sync: 181 resources".
[[nodiscard]] std::string summary_line(const Plan& plan);

// 0 in sync, 2 something differs, 3 a scope could not be observed. 3 wins over 2; errors (1) are
// the caller's.
[[nodiscard]] int exit_code(const Plan& plan);
// The same for what render_drift_text shows: what git changed does not count.
[[nodiscard]] int drift_exit_code(const Plan& plan);

}  // namespace homeostat
