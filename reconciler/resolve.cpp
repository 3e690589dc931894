#include "reconciler/resolve.hpp"
