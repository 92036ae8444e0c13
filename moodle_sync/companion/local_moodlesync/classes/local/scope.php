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
 * A course, the namespace it is written in, and the way from keys to idnumbers.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * Whose course this is: everything of ours in it has an idnumber that starts with the course's own.
 */
final class scope {
    /** Longest idnumber that Moodle keeps. */
    public const IDNUMBER = 100;

    /** @var \stdClass the course, as it was when the lock was taken. */
    public \stdClass $course;

    /** @var \context_course its context. */
    public readonly \context_course $context;

    /** @var keymap our keys of what has no idnumber. */
    public readonly keymap $keys;

    /**
     * Constructor.
     *
     * @param int $courseid the course
     * @param string $namespace the caller's namespace
     */
    public function __construct(
        int $courseid,
        /** @var string the caller's namespace. */
        public readonly string $namespace,
    ) {
        self::check_namespace($namespace);
        $this->context = \context_course::instance($courseid);
        $this->load($courseid);
        $this->keys = new keymap($namespace, $courseid, $this->course->idnumber);
    }

    /**
     * Refuses what is no namespace.
     *
     * @param string $namespace the caller's namespace
     */
    public static function check_namespace(string $namespace): void {
        if (!preg_match('~^[a-z0-9-]{2,12}\z~', $namespace)) {
            throw new failure('badnamespace', 'namespace', $namespace);
        }
    }

    /**
     * Forgets what was read of the course before now (another request may have changed it meanwhile).
     */
    public function refresh(): void {
        \course_modinfo::clear_instance_cache($this->course->id);
        \core_courseformat\base::reset_course_cache($this->course->id);
        $this->load((int)$this->course->id);
    }

    /**
     * Makes sure that no cache keeps what a rolled back item had written.
     */
    public function forget_rolled_back(): void {
        $cache = \cache::make('core', 'coursemodinfo');
        if ($cache->acquire_lock($this->course->id)) { // Writing to this cache without its lock is an error.
            $cache->delete($this->course->id);
            $cache->release_lock($this->course->id);
        }
        rebuild_course_cache($this->course->id, true);
        $this->refresh();
    }

    /**
     * The idnumber of a child of this course.
     *
     * @param string $key local key
     * @param string $path of the key in the request
     * @return string
     */
    public function idnumber(string $key, string $path): string {
        $idnumber = $this->course->idnumber . ':' . $key;
        if (\core_text::strlen($idnumber) > self::IDNUMBER) {
            throw new failure('keytoolong', $path, $idnumber);
        }
        return $idnumber;
    }

    /**
     * The local key of an idnumber, null when it is not one of this course's.
     *
     * @param string $idnumber an idnumber
     * @return string|null
     */
    public function key(string $idnumber): ?string {
        $prefix = $this->course->idnumber . ':';
        return str_starts_with($idnumber, $prefix) ? substr($idnumber, strlen($prefix)) : null;
    }

    /**
     * Reads the course, and refuses one of another namespace.
     *
     * @param int $courseid the course
     */
    private function load(int $courseid): void {
        global $DB;
        $this->course = $DB->get_record('course', ['id' => $courseid], '*', MUST_EXIST);
        $ours = str_starts_with((string)$this->course->idnumber, $this->namespace . ':')
            && strlen($this->course->idnumber) > strlen($this->namespace) + 1;
        if (!$ours || $courseid == SITEID) {
            throw new failure('wrongcourse', 'courseid', (object)['id' => $courseid, 'namespace' => $this->namespace]);
        }
    }
}
