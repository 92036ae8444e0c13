<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * A kind of object that can be written by key.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * What batch needs to know of a kind of object.
 */
interface kind {
    /**
     * The kind's name in the baseline.
     *
     * @return string
     */
    public function name(): string;

    /**
     * Validates an item. Looks at the request only.
     *
     * @param payload $payload the item
     * @return item
     */
    public function parse(payload $payload): item;

    /**
     * Makes Moodle's object be as the item says, touching nothing when it is so already.
     *
     * Runs within a transaction of its own; what it throws undoes this item alone.
     *
     * @param item $item the item
     * @return outcome
     */
    public function apply(item $item): outcome;
}
