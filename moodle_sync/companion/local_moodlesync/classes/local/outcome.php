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
 * What became of one item.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * The answer to one item that did not fail.
 */
final class outcome {
    /** @var string the object was made. */
    public const CREATED = 'created';
    /** @var string at least one field was written. */
    public const UPDATED = 'updated';
    /** @var string nothing was touched. */
    public const UNCHANGED = 'unchanged';

    /**
     * Constructor.
     *
     * @param string $action one of the constants
     * @param int|null $id Moodle's id
     * @param array $state all fields, as read back
     * @param array $more further members of the answer
     * @param bool $ours false when the object is not ours: no baseline is kept of it
     */
    public function __construct(
        /** @var string one of the constants. */
        public readonly string $action,
        /** @var int|null Moodle's id. */
        public readonly ?int $id,
        /** @var array all fields, as read back. */
        public readonly array $state,
        /** @var array further members of the answer. */
        public readonly array $more = [],
        /** @var bool whether the object is ours. */
        public readonly bool $ours = true,
    ) {
    }
}
