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
 * One writer a course.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * Runs something while nobody else of ours writes there.
 *
 * Moodle has no unique index on most of what we write: without the lock, two parallel requests make two objects.
 */
final class lock {
    /** Seconds that a request waits for another. */
    private const PATIENCE = 30;

    /**
     * Runs something under the lock of a course (or of the site).
     *
     * @param int $courseid the course, 0 for the site
     * @param callable $work what to do
     * @return mixed what it returns
     */
    public static function hold(int $courseid, callable $work): mixed {
        $lock = \core\lock\lock_config::get_lock_factory('local_moodlesync')->get_lock("course$courseid", self::PATIENCE);
        if (!$lock) {
            throw new failure('courselocked', 'courseid', $courseid);
        }
        try {
            return $work();
        } finally {
            $lock->release();
        }
    }
}
