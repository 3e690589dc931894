#include "reconciler/paths.hpp"
