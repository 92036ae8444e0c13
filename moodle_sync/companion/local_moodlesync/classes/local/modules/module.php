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
 * What differs from one type of activity to the next.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\modules;

use local_moodlesync\local\failure;
use local_moodlesync\local\item;
use local_moodlesync\local\scope;
use local_moodlesync\local\values;

/**
 * A type of activity.
 *
 * Only the columns of fields that are sent are written, followed by what Moodle itself does after such a change. Moodle's
 * update_moduleinfo() is not used: it takes every setting of the form that is not given for switched off (submission types,
 * overall feedback, access rules, AI actions), those of other plugins included.
 */
abstract class module {
    /** The types that can be written. */
    public const WRITABLE = ['page', 'assign', 'quiz', 'feedback', 'url', 'forum', 'resource', 'label'];

    /**
     * Constructor.
     *
     * @param scope $scope the course
     */
    final public function __construct(
        /** @var scope the course. */
        protected readonly scope $scope,
    ) {
    }

    /**
     * The type of a name.
     *
     * @param string $modname name of a module
     * @param scope $scope the course
     * @return self
     */
    public static function of(string $modname, scope $scope): self {
        return match ($modname) {
            'page' => new page($scope),
            'assign' => new assign($scope),
            'quiz' => new quiz($scope),
            'feedback' => new feedback($scope),
            'url' => new url($scope),
            'forum' => new forum($scope),
            'resource' => new resource($scope),
            'label' => new label($scope),
            default => new other($scope),
        };
    }

    /**
     * Readers of the fields that only this type has.
     *
     * @return array field => callable(payload, name): mixed
     */
    public function readers(): array {
        return [];
    }

    /**
     * The fields that all types have but this one.
     *
     * @return string[]
     */
    public function lacks(): array {
        return [];
    }

    /**
     * The fields that a new activity cannot do without.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['name'];
    }

    /**
     * The completion conditions that this type has beside "view".
     *
     * @return string[]
     */
    public function rules(): array {
        return [];
    }

    /**
     * The settings that a new activity starts with: the site's own defaults.
     *
     * @return array for add_moduleinfo()
     */
    public function defaults(): array {
        return [];
    }

    /**
     * The fields that only this type has, read in bulk.
     *
     * @param \stdClass[] $instances rows of the module's table, by id
     * @param \stdClass[] $cms course modules, by key
     * @return array instance id => field => value
     */
    public function states(array $instances, array $cms): array {
        return array_fill_keys(array_keys($instances), []);
    }

    /**
     * Whether a field is to be written.
     *
     * @param string $field field
     * @param mixed $wanted value sent
     * @param mixed $current value read
     * @param \stdClass $cm course module
     * @param item $item the item
     * @return bool
     */
    public function differs(string $field, mixed $wanted, mixed $current, \stdClass $cm, item $item): bool {
        return !values::same($wanted, $current);
    }

    /**
     * Refuses a state that Moodle's own form would refuse.
     *
     * @param array $after the state as it is going to be
     * @param array $changes the fields that are written
     * @param item $item the item
     */
    public function check(array $after, array $changes, item $item): void {
    }

    /**
     * Writes the name and the description.
     *
     * @param \stdClass $cm course module
     * @param array $changes field => wanted value, only those that differ
     */
    public function write_texts(\stdClass $cm, array $changes): void {
        if (isset($changes['name'])) {
            set_coursemodule_name($cm->id, $changes['name']);
        }
        if (isset($changes['intro'])) {
            $this->update($cm, ['intro' => $changes['intro'], 'introformat' => FORMAT_HTML]);
        }
    }

    /**
     * Writes the fields that only this type has.
     *
     * @param \stdClass $cm course module
     * @param array $changes field => wanted value, only those that differ
     * @param item $item the item
     */
    public function write(\stdClass $cm, array $changes, item $item): void {
    }

    /**
     * Writes columns of the module's table.
     *
     * @param \stdClass $cm course module
     * @param array $columns column => value
     */
    protected function update(\stdClass $cm, array $columns): void {
        global $DB;
        $DB->update_record($cm->modname, ['id' => $cm->instance, 'timemodified' => time()] + $columns);
    }

    /**
     * Refuses moments that are not in order.
     *
     * @param array $after the state as it is going to be
     * @param array $changes the fields that are written
     * @param item $item the item
     * @param string ...$fields moments, the earliest first
     */
    protected function in_order(array $after, array $changes, item $item, string ...$fields): void {
        if (!array_intersect_key($changes, array_flip($fields))) {
            return;
        }
        $before = null;
        foreach ($fields as $field) {
            if (!isset($after[$field])) {
                continue;
            }
            if ($before !== null && $after[$field] < $after[$before]) {
                $culprit = array_key_exists($field, $changes) ? $field : $before;
                throw failure::payload($item->at($culprit), "\"$field\" would be before \"$before\"");
            }
            $before = $field;
        }
    }
}
