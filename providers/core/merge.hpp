// What a step's `after` comes to on what is there: for providers whose servers want the whole.
#pragma once

#include "providers/core/provider.hpp"

namespace homeostat {

// `current` with `after` put over it, as Step describes it: changed keys of objects and of keyed
// collections, everything else as a whole, null = gone. A collection that becomes empty goes too.
// `extra` may be null.
[[nodiscard]] Attributes merge_after(const KindSchema& kind, const ProviderKindSchema* extra,
                                     const Attributes& current, const Attributes& after);

// The first field of `after` whose current value is neither what `before` says nor what `after`
// wants: somebody else changed it. Empty where there is none.
[[nodiscard]] FieldPath moved_field(const KindSchema& kind, const ProviderKindSchema* extra,
                                    const Attributes& current, const Attributes& before,
                                    const Attributes& after);

}  // namespace homeostat
