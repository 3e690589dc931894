#include "reconciler/live_index.hpp"
