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
 * Creates or updates calendar events of the course by key.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\external;

use local_moodlesync\local\events;

/**
 * Creates or updates calendar events of the course by key.
 */
final class upsert_events extends course_write {
    /**
     * Creates or updates calendar events of the course by key.
     *
     * @param int $courseid course
     * @param string $namespace namespace of the keys
     * @param string $items JSON array
     * @return array
     */
    public static function execute(int $courseid, string $namespace, string $items): array {
        $params = self::validate_parameters(
            self::execute_parameters(),
            ['courseid' => $courseid, 'namespace' => $namespace, 'items' => $items]
        );
        return self::write($params, ['moodle/calendar:manageentries'], events::class);
    }
}
