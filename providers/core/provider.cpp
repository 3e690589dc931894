#include "providers/core/provider.hpp"
